// channel: order, bound, rendezvous, closing, and what its calls answer. Cases of AnyIO's memory object
// streams and of tokio's mpsc among them, in our words.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <taskactor/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace test;

namespace channels {

using ta::channel;
using ta::send_reply;
using numbers = std::vector<int>;

bool is_error(ta::errc code, const auto& call) {
  try {
    call();
  } catch (const std::system_error& e) {
    return e.code() == ta::make_error_code(code);
  }
  return false;
}

ta::task<void> send_all(channel<int> to, numbers what) {
  for (const int each : what)
    co_await to.send(each);
}
ta::task<void> send_all_and_close(channel<int> to, numbers what) {
  co_await send_all(to, std::move(what));
  to.close();
}
ta::task<numbers> receive_all(channel<int> from) {
  numbers got;
  while (const auto each = co_await from.receive())
    got.push_back(*each);
  co_return got;
}
numbers whats_left(const channel<int>& in) {
  numbers got;
  while (const auto each = in.try_receive())
    got.push_back(*each);
  return got;
}

/// Can't be assigned, and counts.
struct odd_one {
  explicit odd_one(int what) : value(new int{what}) {}
  odd_one(odd_one&&) = default;
  odd_one& operator=(odd_one&&) = delete;
  std::unique_ptr<int> value;
};

struct big {
  std::array<int, 100> all{};
};

struct throws_when_moved {
  explicit throws_when_moved(int* moves_left) : left(moves_left) {}
  throws_when_moved(throws_when_moved&& other) : left(other.left) { // NOLINT: that is what it is for
    if ((*left)-- == 0)
      throw std::runtime_error{"no move"};
  }
  throws_when_moved& operator=(throws_when_moved&&) = delete;
  ~throws_when_moved() = default;
  int* left;
};

} // namespace channels

BOOST_AUTO_TEST_SUITE(channels)

BOOST_AUTO_TEST_CASE(values_come_in_the_order_in_which_they_were_sent) {
  for (const std::size_t bound : {0, 1, 2, 3, 64}) {
    virtual_time world{{.capacity = 1}};
    const channel<int> ch{bound};
    numbers all;
    for (int i = 0; i < 1000; ++i)
      all.push_back(i);
    auto from = world.tasks.add_task({}, send_all_and_close, ch, all).value();
    BOOST_TEST(world.tasks.add_task({}, receive_all, ch).value().get() == all);
    from.get();
    BOOST_TEST(ch.drained());
    BOOST_TEST(ch.statistics().sent == 1000u);
  }
}

BOOST_AUTO_TEST_CASE(who_waits_is_served_in_the_order_in_which_they_came) {
  virtual_time world;
  const channel<int> ch{1};
  numbers got;
  auto receive_one = [&](int who) -> ta::task<void> {
    const auto value = co_await ch.receive();
    got.push_back(10 * who + value.value());
  };
  for (int i = 1; i <= 3; ++i)
    world.tasks.add_task({}, receive_one, i).value();
  world.settle();
  BOOST_TEST(ch.statistics().waiting_receivers == 3u);
  world.tasks.add_task({}, send_all, ch, numbers{1, 2, 3}).value();
  world.settle();
  BOOST_TEST(got == (numbers{11, 22, 33}));
  for (int i = 1; i <= 3; ++i) {
    world.tasks.add_task({}, send_all, ch, numbers{i}).value();
    world.settle();
  }
  BOOST_TEST(ch.statistics().waiting_senders == 2u);
  BOOST_TEST(whats_left(ch) == (numbers{1, 2, 3}));
  world.settle();
}

BOOST_AUTO_TEST_CASE(a_sender_waits_while_it_is_full) {
  virtual_time world;
  const channel<int> ch{2};
  auto h = world.tasks.add_task({}, send_all, ch, numbers{1, 2, 3, 4}).value();
  world.settle();
  BOOST_TEST(ch.statistics().size == 2u);
  BOOST_TEST(ch.statistics().waiting_senders == 1u);
  BOOST_TEST(ch.try_receive().value() == 1);
  BOOST_TEST(ch.statistics().size == 2u); // the one that waited has moved up
  world.settle();
  BOOST_TEST(!h.finished());
  BOOST_TEST(ch.try_receive().value() == 2);
  world.settle();
  BOOST_TEST(h.finished());
  BOOST_TEST(whats_left(ch) == (numbers{3, 4}));
}

BOOST_AUTO_TEST_CASE(with_no_room_at_all_a_value_passes_from_hand_to_hand) {
  virtual_time world;
  const channel<int> ch{0};
  BOOST_TEST((ch.try_send(1) == send_reply::full));
  BOOST_TEST(!ch.try_receive());
  auto sender = world.tasks.add_task({}, send_all, ch, numbers{1}).value();
  world.settle();
  BOOST_TEST(!sender.finished());
  BOOST_TEST(ch.statistics().size == 0u);
  BOOST_TEST(ch.try_receive().value() == 1);
  world.settle();
  BOOST_TEST(sender.finished());
  auto receiver = world.tasks.add_task({}, receive_all, ch).value();
  world.settle();
  BOOST_TEST((ch.try_send(2) == send_reply::sent));
  BOOST_TEST((ch.try_send(3) == send_reply::full)); // it doesn't wait yet for another one
  ch.close();
  BOOST_TEST(receiver.get() == (numbers{2}));
}

BOOST_AUTO_TEST_CASE(a_capacity_beyond_all_memory_is_no_bound) {
  const channel<int> ch{std::numeric_limits<std::size_t>::max()};
  for (int i = 0; i < 10'000; ++i)
    BOOST_REQUIRE((ch.try_send(i) == send_reply::sent));
  BOOST_TEST(ch.statistics().size == 10'000u);
  const auto got = whats_left(ch);
  BOOST_TEST(got.size() == 10'000u);
  BOOST_TEST(got.back() == 9'999);
}

BOOST_AUTO_TEST_CASE(what_is_in_it_is_received_behind_the_close) {
  virtual_time world;
  const channel<int> ch{8};
  BOOST_TEST((ch.try_send(1) == send_reply::sent));
  BOOST_TEST((ch.try_send(2) == send_reply::sent));
  BOOST_TEST(!ch.closed());
  BOOST_TEST(ch.close());
  BOOST_TEST(!ch.close()); // it was
  BOOST_TEST(!ch.close(std::make_exception_ptr(std::runtime_error{"too late"})));
  BOOST_TEST(ch.closed());
  BOOST_TEST(!ch.drained());
  BOOST_TEST((ch.try_send(3) == send_reply::closed));
  BOOST_CHECK(
      is_error(ta::errc::closed, [&] { world.tasks.add_task({}, send_all, ch, numbers{3}).value().get(); }));
  BOOST_CHECK(is_error(ta::errc::closed, [&] { ch.blocking_send(3); }));
  BOOST_TEST(world.tasks.add_task({}, receive_all, ch).value().get() == (numbers{1, 2}));
  BOOST_TEST(ch.drained());
  BOOST_TEST(!ch.try_receive());
  BOOST_TEST(!ch.blocking_receive());
}

BOOST_AUTO_TEST_CASE(the_error_it_was_closed_with_comes_behind_what_is_in_it_to_all_who_receive) {
  virtual_time world;
  const channel<int> ch{1};
  std::vector<ta::handle<numbers>> receivers;
  for (int i = 0; i < 3; ++i)
    receivers.push_back(world.tasks.add_task({}, receive_all, ch).value());
  world.settle();
  ch.close(std::make_exception_ptr(std::out_of_range{"broken"}));
  for (auto& each : receivers)
    BOOST_CHECK_THROW(each.get(), std::out_of_range);

  const channel<int> full{1};
  BOOST_TEST((full.try_send(1) == send_reply::sent));
  auto sender = world.tasks.add_task({}, send_all, full, numbers{2}).value();
  world.settle();
  full.close(std::make_exception_ptr(std::out_of_range{"broken"}));
  BOOST_CHECK(is_error(ta::errc::closed, [&] { sender.get(); })); // the error is for those who receive
  BOOST_TEST(full.try_receive().value() == 1);
  for (int i = 0; i < 2; ++i) {
    BOOST_CHECK_THROW(full.try_receive(), std::out_of_range);
    BOOST_CHECK_THROW(full.blocking_receive(), std::out_of_range);
  }
}

BOOST_AUTO_TEST_CASE(the_last_copy_closes_it) {
  virtual_time world;
  auto waits = [](channel<int>* only) -> ta::task<bool> {
    auto await = only->receive(); // it refers to what the copies share, and is no copy
    co_return (co_await std::move(await)).has_value();
  };
  {
    auto one = std::make_unique<channel<int>>(1);
    auto copy = std::make_unique<channel<int>>(*one);
    BOOST_TEST((*one == *copy));
    auto receiver = world.tasks.add_task({}, waits, one.get()).value();
    world.settle();
    one.reset();
    world.settle();
    BOOST_TEST(!receiver.finished());
    copy.reset();
    BOOST_TEST(!receiver.get());
  }
  { // senders are told, too; what they had is destroyed with their call
    auto one = std::make_unique<channel<std::shared_ptr<int>>>(0);
    const auto value = std::make_shared<int>(1);
    auto body = [&]() -> ta::task<void> { co_await one->send(value); };
    auto sender = world.tasks.add_task({}, body).value();
    world.settle();
    BOOST_TEST(value.use_count() == 2);
    one.reset();
    BOOST_CHECK(is_error(ta::errc::closed, [&] { sender.get(); }));
    BOOST_TEST(value.use_count() == 1);
  }
}

BOOST_AUTO_TEST_CASE(an_await_that_was_given_away_may_outlive_its_channel) {
  virtual_time world;
  auto made = [&] {
    const channel<int> ch{1};
    BOOST_TEST((ch.try_send(7) == send_reply::sent));
    std::vector<ta::task<std::optional<int>>> both;
    both.push_back(ta::detail::as_part(ch.receive()));
    both.push_back(ta::detail::as_part(ch.receive()));
    return both;
  }();
  auto body = [&]() -> ta::task<void> {
    const auto first = co_await std::move(made[0]);
    const auto second = co_await std::move(made[1]);
    BOOST_TEST(first.value_or(0) == 7);
    BOOST_TEST(!second); // the last copy has closed it
  };
  world.tasks.add_task({}, body).value().get();
}

BOOST_AUTO_TEST_CASE(values_that_nobody_receives_go_with_the_last_copy) {
  const auto value = std::make_shared<int>(1);
  {
    const channel<std::shared_ptr<int>> ch{100};
    for (int i = 0; i < 10; ++i)
      BOOST_TEST((ch.try_send(value) == send_reply::sent));
    BOOST_TEST(value.use_count() == 11);
  }
  BOOST_TEST(value.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(try_send_leaves_what_it_does_not_send_where_it_was) {
  const channel<std::unique_ptr<int>> ch{1};
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  BOOST_TEST((ch.try_send(std::move(first)) == send_reply::sent));
  BOOST_TEST(!first);
  BOOST_TEST((ch.try_send(std::move(second)) == send_reply::full));
  BOOST_TEST(*second == 2);
  ch.close();
  BOOST_TEST((ch.try_send(std::move(second)) == send_reply::closed));
  BOOST_TEST(*second == 2);
  BOOST_TEST(**ch.try_receive() == 1);

  const channel<odd_one> odd{1};
  odd_one kept{3};
  BOOST_TEST((odd.try_send(odd_one{1}) == send_reply::sent));
  BOOST_TEST((odd.try_send(std::move(kept)) == send_reply::full));
  BOOST_TEST(*kept.value == 3);
}

BOOST_AUTO_TEST_CASE(what_is_put_back_is_what_it_was) {
  auto of = [](auto value) { return ta::detail::make_cell<decltype(value)>(std::move(value)); };
  odd_one odd{1};
  auto cell = of(odd_one{std::move(odd)});
  ta::detail::put_back<odd_one>(cell, odd);
  BOOST_TEST(*odd.value == 1);
  std::string text(100, 'x');
  auto text_cell = of(std::exchange(text, {}));
  ta::detail::put_back<std::string>(text_cell, text);
  BOOST_TEST(text == std::string(100, 'x'));
}

BOOST_AUTO_TEST_CASE(any_value_that_can_be_moved_will_do) {
  virtual_time world;
  const channel<std::unique_ptr<std::string>> boxes{0};
  const channel<big> bigs{0};
  const channel<odd_one> odds{0};
  auto sends = [&]() -> ta::task<void> {
    co_await boxes.send(std::make_unique<std::string>("box"));
    big one;
    one.all[99] = 9;
    co_await bigs.send(one);
    odd_one odd{3};
    co_await odds.send(std::move(odd));
  };
  auto receives = [&]() -> ta::task<int> {
    const auto box = co_await boxes.receive();
    const auto one = co_await bigs.receive();
    const auto odd = co_await odds.receive();
    co_return static_cast<int>((*box)->size()) + one->all[99] + *odd->value;
  };
  world.tasks.add_task({}, sends).value();
  BOOST_TEST(world.tasks.add_task({}, receives).value().get() == 3 + 9 + 3);
}

BOOST_AUTO_TEST_CASE(a_value_whose_move_throws_is_not_sent_or_is_lost_with_its_receive) {
  virtual_time world;
  const channel<throws_when_moved> ch{4};
  int moves = 1000;
  auto sends = [&](int from) -> ta::task<void> {
    throws_when_moved value{&moves};
    moves = from;
    auto await = ch.send(std::move(value));
    co_await std::move(await);
  };
  int sent = 0;
  for (int from = 0; from < 10; ++from) {
    try {
      world.tasks.add_task({}, sends, from).value().get();
      ++sent;
    } catch (const std::runtime_error&) {
    }
    BOOST_TEST(ch.statistics().size == static_cast<std::size_t>(sent));
    if (sent == 2)
      break;
  }
  BOOST_TEST(sent == 2);
  moves = 0;
  BOOST_CHECK_THROW(ch.try_receive(), std::runtime_error);
  BOOST_TEST(ch.statistics().size == 1u);
  moves = 1000;
  BOOST_TEST(ch.try_receive().has_value());
}

BOOST_AUTO_TEST_CASE(one_that_was_moved_from_says_so) {
  channel<int> ch{1};
  const channel<int> other{std::move(ch)};
  BOOST_CHECK(is_error(ta::errc::invalid_argument, [&] { (void)ch.try_receive(); })); // NOLINT: on purpose
  BOOST_CHECK(is_error(ta::errc::invalid_argument, [&] { (void)ch.try_send(1); }));
  BOOST_CHECK(is_error(ta::errc::invalid_argument, [&] { (void)ch.send(1); }));
  BOOST_CHECK(is_error(ta::errc::invalid_argument, [&] { (void)ch.receive(); }));
  BOOST_CHECK(is_error(ta::errc::invalid_argument, [&] { (void)ch.capacity(); }));
  BOOST_CHECK(is_error(ta::errc::invalid_argument, [&] { ch.close(); }));
  BOOST_TEST(!other.closed());
  ch = other;
  BOOST_TEST((ch.try_send(1) == send_reply::sent));
  BOOST_TEST(other.capacity() == 1u);
}

BOOST_AUTO_TEST_CASE(who_is_assigned_another_channel_lets_go_of_its_own) {
  channel<int> one{1};
  const channel<int> copy{one};
  channel<int> two{1};
  const channel<int> keeps_second{two};
  two = one;
  BOOST_TEST(!keeps_second.closed());
  BOOST_TEST((two == copy));
  virtual_time world;
  auto alone = std::make_unique<channel<int>>(1);
  BOOST_TEST((alone->try_send(4) == send_reply::sent));
  auto h = world.tasks.add_task({}, receive_all, *alone).value();
  *alone = one; // the task has a copy of its own
  world.settle();
  BOOST_TEST(!h.finished());
  h.cancel();
  world.settle();
}

BOOST_AUTO_TEST_CASE(it_counts) {
  virtual_time world;
  const channel<int> ch{2};
  BOOST_TEST(ch.statistics().capacity == 2u);
  auto sender = world.tasks.add_task({}, send_all, ch, numbers{1, 2, 3, 4}).value();
  auto other = world.tasks.add_task({}, send_all, ch, numbers{5}).value();
  world.settle();
  auto now = ch.statistics();
  BOOST_TEST(now.size == 2u);
  BOOST_TEST(now.waiting_senders == 2u);
  BOOST_TEST(now.waiting_receivers == 0u);
  BOOST_TEST(now.sent == 2u);
  BOOST_TEST(!now.closed);
  other.cancel();
  world.settle();
  BOOST_TEST(ch.statistics().waiting_senders == 1u);
  auto receiver = world.tasks.add_task({}, receive_all, ch).value();
  world.settle();
  BOOST_TEST(sender.finished());
  now = ch.statistics();
  BOOST_TEST(now.size == 0u);
  BOOST_TEST(now.waiting_receivers == 1u);
  BOOST_TEST(now.sent == 4u);
  ch.close();
  BOOST_TEST(receiver.get() == (numbers{1, 2, 3, 4}));
  BOOST_TEST(ch.statistics().closed);
}

BOOST_AUTO_TEST_CASE(explain_says_what_a_body_waits_for) {
  virtual_time world;
  const channel<int> ch{0};
  world.tasks.add_task({.id = "sends"}, send_all, ch, numbers{1}).value();
  world.settle();
  BOOST_TEST(world.describe().find("room in a channel of 0") != std::string::npos);
  BOOST_TEST(ch.try_receive().value() == 1);
  world.tasks.add_task({.id = "receives"}, receive_all, ch).value();
  world.settle();
  BOOST_TEST(world.describe().find("a value in a channel") != std::string::npos);
  ch.close();
  world.settle();
}

BOOST_AUTO_TEST_CASE(who_waits_lends_its_token) {
  virtual_time world{{.capacity = 1}};
  const channel<int> full{1};
  std::vector<ta::handle<void>> senders;
  for (int i = 0; i < 32; ++i)
    senders.push_back(world.tasks.add_task({}, send_all, full, numbers{i, i, i}).value());
  auto consumer = world.tasks.add_task({}, receive_all, full).value();
  for (auto& each : senders)
    each.get();
  full.close();
  BOOST_TEST(consumer.get().size() == 96u);
  BOOST_TEST(world.tasks.statistics().global.in_use == 0u);
}

BOOST_AUTO_TEST_CASE(tasks_of_two_managers_meet_in_one_channel) {
  const channel<int> ch{1};
  ta::task_manager here{{.capacity = 1}};
  ta::handle<numbers> received;
  {
    ta::task_manager there{{.capacity = 1}};
    auto sender = there.add_task({}, send_all_and_close, ch, numbers(1000, 1)).value();
    received = here.add_task({}, receive_all, ch).value();
    sender.get();
  }
  BOOST_TEST(received.get().size() == 1000u);
}

BOOST_AUTO_TEST_SUITE_END()
