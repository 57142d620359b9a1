// What the page "Sockets, Asio, libcurl and callbacks" shows.
#include "io/desk.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

using namespace test;

namespace guide_pages {

/// A library with callbacks, as they are: answers on whatever thread runs it.
class mail_client {
public:
  using handler = std::function<void(bool ok, std::string text)>;

  int fetch(const std::string&, handler then) {
    open_.emplace(++last_, std::move(then));
    return last_;
  }
  void cancel(int id) { answer(id, false, "aborted"); }
  void answer(int id, bool ok, std::string text) {
    auto then = open_.extract(id);
    if (then)
      then.mapped()(ok, std::move(text));
  }
  int last() const { return last_; }

private:
  std::map<int, handler> open_;
  int last_ = 0;
};

ta::task<std::string> fetch(mail_client& client, std::string id) {
  const auto start = [&](ta::resumer<std::string> resume) {
    const int call = client.fetch(id, [resume](bool ok, std::string text) {
      if (ok)
        resume(std::move(text));
      else
        resume(std::make_exception_ptr(std::runtime_error{text}));
    });
    return [&client, call] { client.cancel(call); };
  };
  co_return co_await ta::callback<std::string>(start);
}

} // namespace guide_pages

BOOST_AUTO_TEST_SUITE(guide_pages)

BOOST_AUTO_TEST_CASE(a_library_with_callbacks) {
  virtual_time world;
  mail_client client;
  auto h = world.tasks.add_task({}, [&] { return fetch(client, "1"); }).value();
  world.settle();
  client.answer(client.last(), true, "hello");
  BOOST_TEST(h.get() == "hello");
  auto late = world.tasks.add_task({.timeout = 5s}, [&] { return fetch(client, "2"); }).value();
  late.wait();
  BOOST_CHECK(late.state() == ta::state::timed_out);
  world.settle();
  BOOST_TEST(world.tasks.statistics().overrunning == 0u); // its own answer to `cancel` has ended it
}

BOOST_AUTO_TEST_SUITE_END()
