// What the guide (libtaskactor/docs/channels.md) quotes and no example has.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <taskactor/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>

using namespace test;

namespace channel_guide {

// A source that breaks off says so by the channel: whoever receives learns of it, behind what came before.
ta::task<void> download(ta::channel<std::string> pages) {
  co_await pages.send("one");
  co_await pages.send("two");
  pages.close(std::make_exception_ptr(std::runtime_error{"connection lost"}));
}

// Two sources at once, and not for ever. The one that doesn't come has given nothing away.
ta::task<std::string> next_of(ta::channel<std::string> fast, ta::channel<std::string> slow) {
  const auto won = co_await ta::fail_after(1s, ta::race(fast.receive(), slow.receive()));
  co_return won.index() == 0 ? *std::get<0>(won) : *std::get<1>(won);
}

} // namespace channel_guide

BOOST_AUTO_TEST_SUITE(channel_guide)

BOOST_AUTO_TEST_CASE(a_source_that_breaks_off) {
  virtual_time world;
  const ta::channel<std::string> pages{1};
  std::string got;
  auto print = [&]() -> ta::task<void> {
    while (const auto page = co_await pages.receive())
      got += *page + ' ';
  };
  auto printed = world.tasks.add_task({}, print).value();
  world.tasks.add_task({}, download, pages).value().get();
  BOOST_CHECK_THROW(printed.get(), std::runtime_error);
  BOOST_TEST(got == "one two ");
}

BOOST_AUTO_TEST_CASE(two_sources) {
  virtual_time world;
  const ta::channel<std::string> more{1}, none{1};
  BOOST_TEST((more.try_send("three") == ta::send_reply::sent));
  BOOST_TEST(world.tasks.add_task({}, next_of, more, none).value().get() == "three");
  BOOST_CHECK_THROW(world.tasks.add_task({}, next_of, more, none).value().get(), ta::timeout_error);
}

BOOST_AUTO_TEST_SUITE_END()
