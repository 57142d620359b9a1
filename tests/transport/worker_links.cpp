// The link to a worker: frames whole and in order, whether the socket takes them at once or not.
#include "caf_adapter/compat_io.hpp"
#include "transport/frame.hpp"
#include "transport/link.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

using nlohmann::json;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(worker_links)

namespace {

namespace ta = taskactor;

struct hearing final : ta::detail::link_listener {
  void on_frame(std::string_view content) noexcept override {
    const std::lock_guard lock{mutex};
    frames.emplace_back(content);
    changed.notify_all();
  }
  void on_closed(bool) noexcept override {
    const std::lock_guard lock{mutex};
    ++ends;
    changed.notify_all();
  }
  bool wait_for_end() {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, 20s, [this] { return ends != 0; });
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> frames;
  int ends = 0;
};

struct fixture {
  fixture() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw std::runtime_error{"socketpair"};
    other = ta::detail::unique_fd{ends[1]};
    way = host.open(ends[0], heard);
  }
  ta::detail::link_host host;
  std::shared_ptr<hearing> heard = std::make_shared<hearing>();
  ta::detail::unique_fd other;
  std::shared_ptr<ta::detail::link> way;
};

/// Fewer: the stream has ended before.
std::vector<json> read_frames(int socket, std::size_t count) {
  std::vector<json> all;
  ta::detail::frame_cutter cutter;
  std::vector<char> buffer(100'000);
  while (all.size() < count) {
    const auto size = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (size <= 0 || !cutter.feed({buffer.data(), static_cast<std::size_t>(size)}))
      return all;
    while (const auto content = cutter.next())
      all.push_back(ta::detail::read_frame(*content).value());
  }
  return all;
}

} // namespace

BOOST_FIXTURE_TEST_CASE(frames_arrive_whole_and_in_order_from_each_thread, fixture) {
  constexpr std::size_t threads = 3, each = 400;
  std::vector<std::thread> senders;
  for (std::size_t t = 0; t < threads; ++t)
    senders.emplace_back([this, t] {
      std::minstd_rand random{static_cast<unsigned>(t)
                              + 1}; // small ones, and some beyond what a socket keeps
      for (std::size_t i = 0; i < each; ++i) {
        const std::size_t size = i % 40 == 0 ? 300'000 + random() % 100'000 : random() % 200;
        way->send(ta::detail::make_frame({t, i, std::string(size, static_cast<char>('a' + i % 26))}));
      }
    });
  const auto all = read_frames(other.get(), threads * each);
  for (auto& sender : senders)
    sender.join();
  BOOST_REQUIRE(all.size() == threads * each);
  std::array<std::size_t, threads> next{};
  for (const auto& frame : all) {
    const auto i = frame[1].get<std::size_t>();
    BOOST_REQUIRE(i == next.at(frame[0].get<std::size_t>())++);
    BOOST_REQUIRE(frame[2].get<std::string>().find_first_not_of(static_cast<char>('a' + i % 26))
                  == std::string::npos);
  }
}

BOOST_FIXTURE_TEST_CASE(what_was_sent_before_a_cut_arrives_and_then_the_end, fixture) {
  way->send(ta::detail::make_frame({"last"}));
  way->cut();
  BOOST_TEST(read_frames(other.get(), 2).size() == 1u); // and the end of the stream
  BOOST_TEST(heard->wait_for_end());
}

BOOST_FIXTURE_TEST_CASE(what_is_sent_to_nobody_is_dropped, fixture) {
  other = {};
  for (int i = 0; i < 1000; ++i) // no signal, no fault, before and after the end is heard
    way->send(ta::detail::make_frame({i}));
  BOOST_TEST(heard->wait_for_end());
  way->send(ta::detail::make_frame({"late"}));
  way->cut();
  const std::lock_guard lock{heard->mutex};
  BOOST_TEST(heard->ends == 1);
}

// CAF 1.x knows the names of its networking's settings only when that is loaded, and complains of others.
BOOST_AUTO_TEST_CASE(the_settings_of_links_are_taken_without_a_word_on_standard_error) {
  std::ostringstream said;
  auto* const before = std::cerr.rdbuf(said.rdbuf());
  {
    caf::actor_system_config config;
    ta::detail::configure_io(config);
  }
  std::cerr.rdbuf(before);
  BOOST_TEST(said.str() == "");
}

BOOST_AUTO_TEST_SUITE_END()
