// What bodies tell their manager: in order, nothing lost, with one telling for all since the last look.
#include <boost/test/unit_test.hpp>

#include "lifecycle/notification_list.hpp"

#include <taskactor/detail/body.hpp>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace ta = taskactor;
using news_list = ta::detail::notification_list;
using ta::detail::record;

namespace notification_lists {

auto a_record() {
  return ta::detail::make_body([] {});
}
using record_ref = decltype(a_record());

struct told {
  const record* task;
  std::uint8_t what;
  bool operator==(const told&) const = default;
};

std::vector<told> read_all(news_list& all) {
  std::vector<told> result;
  for (auto* each = all.take(); each;) {
    record* next = nullptr;
    const auto what = news_list::read(*each, next);
    result.push_back({each, what});
    each = next;
  }
  return result;
}

} // namespace notification_lists

BOOST_AUTO_TEST_SUITE(notification_lists)

BOOST_AUTO_TEST_CASE(they_are_taken_in_the_order_in_which_they_came_and_the_first_is_told) {
  news_list all;
  const auto first = a_record(), second = a_record(), third = a_record();
  BOOST_TEST(read_all(all).empty());
  BOOST_TEST(all.push(*first, record::has_ended));
  BOOST_TEST(!all.push(*second, record::moves_token));
  BOOST_CHECK((read_all(all)
               == std::vector<told>{{first.get(), record::has_ended}, {second.get(), record::moves_token}}));
  BOOST_TEST(all.push(*third, record::has_ended));
  BOOST_CHECK((read_all(all) == std::vector<told>{{third.get(), record::has_ended}}));
}

BOOST_AUTO_TEST_CASE(what_one_tells_until_somebody_looks_is_told_at_once) {
  news_list all;
  const auto task = a_record();
  BOOST_TEST(all.push(*task, record::moves_token));
  BOOST_TEST(!all.push(*task, record::has_ended));
  BOOST_CHECK((read_all(all) == std::vector<told>{{task.get(), record::moves_token | record::has_ended}}));
  BOOST_TEST(all.push(*task, record::has_ended)); // and it can come again
  BOOST_CHECK((read_all(all) == std::vector<told>{{task.get(), record::has_ended}}));
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_between_threads_that_tell_and_one_that_looks_when_it_is_told) {
  constexpr std::size_t threads = 4, each = 20'000;
  news_list all;
  std::vector<std::vector<record_ref>> records(threads);
  for (auto& own : records)
    for (std::size_t i = 0; i < each; ++i)
      own.push_back(a_record());
  std::atomic<std::size_t> told{0};
  std::vector<std::jthread> telling;
  for (auto& own : records)
    telling.emplace_back([&] {
      for (const auto& task : own)
        for (const auto what : {record::moves_token, record::has_ended})
          if (all.push(*task, what))
            told.fetch_add(1);
    });
  std::size_t ended = 0, heard = 0, bits = 0;
  while (ended < threads * each) { // a look for each telling, as the manager's
    if (told.load() == heard) {
      std::this_thread::yield();
      continue;
    }
    ++heard;
    for (const auto& [task, what] : read_all(all)) {
      bits += static_cast<std::size_t>(__builtin_popcount(what));
      ended += (what & record::has_ended) != 0 ? 1 : 0;
    }
  }
  telling.clear();
  BOOST_TEST(told.load() >= heard);
  BOOST_TEST(bits == 2 * threads * each);
  BOOST_TEST(read_all(all).empty());
}

BOOST_AUTO_TEST_SUITE_END()
