// What the guide (libtaskactor/docs/channels.md) quotes and no example has.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <taskactor/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
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

ta::task<std::size_t> count_words(std::string page) {
  co_await ta::yield();
  if (page.empty())
    throw std::runtime_error{"an empty page"};
  co_return 1 + static_cast<std::size_t>(std::count(page.begin(), page.end(), ' '));
}

// Eight at once, as they come. After the first error nothing more begins: what is left stays in the channel.
ta::task<std::size_t> index_all(ta::channel<std::string> pages) {
  const ta::gather_options how{.concurrency = 8, .until = ta::gather_end::first_error()};
  std::size_t words = 0;
  auto done = ta::as_completed(how, count_words, pages);
  while (auto one = co_await done.next())
    words += one->result.value(); // throws what that body has thrown
  co_return words;
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

BOOST_AUTO_TEST_CASE(many_workers) {
  virtual_time world;
  const ta::channel<std::string> pages{3};
  auto indexed = world.tasks.add_task({}, index_all, pages).value();
  for (const auto* page : {"one two", "three", "four five six"})
    BOOST_TEST((pages.try_send(page) == ta::send_reply::sent));
  pages.close();
  BOOST_TEST(indexed.get() == 6U);
  const ta::channel<std::string> broken{1};
  auto fails = world.tasks.add_task({}, index_all, broken).value();
  BOOST_TEST((broken.try_send("") == ta::send_reply::sent));
  BOOST_CHECK_THROW(fails.get(), std::runtime_error);
  BOOST_TEST((broken.try_send("seven") == ta::send_reply::sent));
  world.settle();
  BOOST_TEST(*broken.try_receive() == "seven");
}

BOOST_AUTO_TEST_CASE(two_sources) {
  virtual_time world;
  const ta::channel<std::string> more{1}, none{1};
  BOOST_TEST((more.try_send("three") == ta::send_reply::sent));
  BOOST_TEST(world.tasks.add_task({}, next_of, more, none).value().get() == "three");
  BOOST_CHECK_THROW(world.tasks.add_task({}, next_of, more, none).value().get(), ta::timeout_error);
}

BOOST_AUTO_TEST_SUITE_END()
