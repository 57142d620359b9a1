// Several threads send on one link between nodes, each straight into its socket as long as that takes it.
#include "ends.hpp"
#include "identities.hpp"

#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <future>
#include <thread>

using namespace test;
using ta::link_address;
using ta::make_frame;

namespace node_links_senders {

/// Takes nothing behind its first frame until it is let.
class held_end : public end {
public:
  explicit held_end(std::shared_future<void> let) : let_(std::move(let)) {}
  void on_frame(std::string_view content) noexcept override {
    let_.wait();
    end::on_frame(content);
  }

private:
  const std::shared_future<void> let_;
};

class held_door : public ta::node_link_acceptor {
public:
  std::shared_ptr<ta::node_link_listener> on_peer(const ta::link_peer&) noexcept override { return inside; }
  void on_refused(const ta::link_peer&, const ta::link_reason&) noexcept override {}
  std::promise<void> let;
  std::shared_ptr<held_end> inside = std::make_shared<held_end>(let.get_future().share());
};

struct two_sides : identities {
  // Each with its own thread: one that is held up must not hold up the other.
  ta::node_links there, here;
  std::shared_ptr<held_door> door = std::make_shared<held_door>();
  std::shared_ptr<end> caller = std::make_shared<end>();

  void every_frame_arrives_once_and_in_order(const ta::link_identity& as_alpha,
                                             const ta::link_identity& as_beta) {
    constexpr std::size_t threads = 3, each = 300;
    temporary_directory folder;
    const ta::link_bounds bounds{.queued = std::size_t{1} << 27,
                                 .handshake_timeout = std::chrono::minutes{1}};
    const auto listening
        = there.listen(link_address::parse("unix:" + (folder / "a")), as_alpha, bounds, door);
    here.connect(listening->address(), as_beta, {}, bounds, caller);
    const auto link = caller->opened();
    BOOST_REQUIRE(link);
    {
      std::vector<std::jthread> sending;
      for (std::size_t thread = 0; thread < threads; ++thread)
        sending.emplace_back([&, thread] {
          constexpr std::array<std::size_t, 4> lengths{20, 3'000, 30'000, 70'000};
          for (std::size_t i = 0; i < each; ++i)
            link->send(make_frame({thread, i, std::string(lengths[i % lengths.size()], 'x')}));
        });
    }
    BOOST_TEST(link->queued() > 0U); // the socket was full: in the midst of a frame, as likely as not
    door->let.set_value();
    const auto frames = door->inside->frames(threads * each);
    BOOST_REQUIRE_EQUAL(frames.size(), threads * each);
    std::array<std::size_t, threads> next{};
    for (const auto& content : frames) {
      const auto said = ta::read_frame(content).value();
      BOOST_REQUIRE(said.at(1) == next.at(said.at(0).get<std::size_t>())++);
    }
    BOOST_TEST(caller->drained() > 0);
    link->send(make_frame("again"));
    BOOST_TEST(door->inside->frames(threads * each + 1).size() == threads * each + 1);
  }
};

} // namespace node_links_senders

BOOST_FIXTURE_TEST_SUITE(node_links_senders, two_sides)

BOOST_AUTO_TEST_CASE(without_tls) { every_frame_arrives_once_and_in_order({}, {}); }

BOOST_AUTO_TEST_CASE(with_tls) { every_frame_arrives_once_and_in_order(alpha(), beta()); }

BOOST_AUTO_TEST_SUITE_END()
