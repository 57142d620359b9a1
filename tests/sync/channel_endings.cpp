// Each way in which a wait at a channel can end, alone, and each two of them in both orders, with and without
// the body's turn in between: what was sent is received once, or still in the channel.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <taskactor/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

using namespace test;

namespace channel_endings {

using ta::channel;
using ta::send_reply;
using ta::state;

struct broken : std::runtime_error {
  broken() : runtime_error("broken") {}
};

/// Ends of what waits, and how the test brings them about.
enum class act { served, closed, closed_with_error, cancelled, killed, late };
constexpr act acts[]
    = {act::served, act::closed, act::closed_with_error, act::cancelled, act::killed, act::late};
constexpr const char* names[] = {"served", "closed", "closed(error)", "cancelled", "killed", "late"};
/// In what the await stands.
enum class form { plain, fail_after, move_on_after, race, shield };
constexpr form forms[] = {form::plain, form::fail_after, form::move_on_after, form::race, form::shield};
constexpr const char* form_names[] = {"plain", "fail_after", "move_on_after", "race", "shield"};

constexpr auto limit = 1s;

struct scene {
  explicit scene(std::size_t bound) : ch(bound) {}

  virtual_time world;
  channel<int> ch;
  std::vector<int> sent, received;
  bool has_failed_to_send = false;

  ta::task_options options(form which) const {
    ta::task_options made;
    made.id = "waits";
    if (which == form::plain || which == form::shield)
      made.timeout = limit;
    return made;
  }
  void drain() {
    for (;;) {
      try {
        const auto got = ch.try_receive();
        if (!got)
          return;
        received.push_back(*got);
      } catch (const broken&) {
        return;
      }
    }
  }
  void close_by(act what) {
    ch.close(what == act::closed ? std::exception_ptr{} : std::make_exception_ptr(broken{}));
  }
  void end_by(act what, const ta::handle<void>& h) {
    switch (what) {
    case act::cancelled:
      h.cancel();
      break;
    case act::killed:
      world.kill_task("waits");
      break;
    case act::late:
      world.advance(limit);
      break;
    default:
      close_by(what);
    }
  }
};

/// What ends a body so.
std::optional<state> expected_end(act what, form in, bool sends) {
  switch (what) {
  case act::served:
    return state::completed;
  case act::closed:
    return sends ? state::failed : state::completed;
  case act::closed_with_error:
    return state::failed;
  case act::cancelled:
    return state::cancelled;
  case act::killed:
    return state::cancelled;
  case act::late:
    return in == form::plain || in == form::shield ? state::timed_out
           : in == form::fail_after                ? state::failed
                                                   : state::completed;
  }
  return {};
}

ta::task<void> receive_once(scene& in, form how) {
  std::optional<int> got;
  switch (how) {
  case form::plain:
    got = co_await in.ch.receive();
    break;
  case form::shield:
    got = co_await ta::shield(in.ch.receive());
    break;
  case form::fail_after:
    got = co_await ta::fail_after(limit, in.ch.receive());
    break;
  case form::move_on_after:
    if (const auto in_time = co_await ta::move_on_after(limit, in.ch.receive()))
      got = *in_time;
    break;
  case form::race: {
    const auto won = co_await ta::race(in.ch.receive(), ta::sleep_for(limit));
    if (won.index() == 0)
      got = std::get<0>(won);
  }
  }
  if (got)
    in.received.push_back(*got);
}

/// False: something else was faster; in a race it may have been sent all the same.
ta::task<bool> send_in_time(scene& in, form how) {
  if (how == form::move_on_after) {
    const bool in_time = co_await ta::move_on_after(limit, in.ch.send(7));
    co_return in_time;
  }
  if (how == form::race) {
    const auto won = co_await ta::race(in.ch.send(7), ta::sleep_for(limit));
    co_return won.index() == 0;
  }
  if (how == form::shield)
    co_await ta::shield(in.ch.send(7));
  else if (how == form::fail_after)
    co_await ta::fail_after(limit, in.ch.send(7));
  else
    co_await in.ch.send(7);
  co_return true;
}

ta::task<void> send_once(scene& in, form how) {
  std::exception_ptr thrown;
  bool in_time = false;
  try {
    in_time = co_await send_in_time(in, how);
  } catch (...) {
    thrown = std::current_exception();
  }
  if (in_time)
    in.sent.push_back(7);
  else
    in.has_failed_to_send = how != form::race;
  if (thrown)
    std::rethrow_exception(thrown);
}

/// Does `first` and `second`, with the body's turn between them or without.
void receive_case(form how, act first, std::optional<act> second, bool turn) {
  scene in{4};
  const auto h = in.world.tasks.add_task(in.options(how), receive_once, std::ref(in), how).value();
  in.world.settle();
  BOOST_TEST(in.ch.statistics().waiting_receivers == 1u);
  const auto perform = [&](act what) {
    if (what != act::served)
      return in.end_by(what, h);
    if (in.ch.try_send(7) == send_reply::sent)
      in.sent.push_back(7);
  };
  perform(first);
  if (turn)
    in.world.settle();
  if (second)
    perform(*second);
  in.world.advance(10s); // a shield's grace, too
  BOOST_TEST(h.finished());
  if (turn && !(how == form::shield && first == act::cancelled))
    BOOST_CHECK(h.state() == expected_end(first, how, false));
  in.drain();
  if (how == form::race && (first == act::killed || second == act::killed))
    BOOST_TEST(in.received.size() <= in.sent.size()); // what a part of the race had goes with the race
  else
    BOOST_TEST(in.received == in.sent);
  const auto left = in.ch.statistics();
  BOOST_TEST(left.waiting_receivers == 0u);
  BOOST_TEST(left.size == 0u);
  in.ch.close();
  BOOST_TEST(in.ch.drained()); // nothing is still under way
}

void send_case(std::size_t bound, form how, act first, std::optional<act> second, bool turn) {
  scene in{bound};
  for (std::size_t i = 0; i < bound; ++i)
    BOOST_TEST((in.ch.try_send(1) == send_reply::sent));
  const auto h = in.world.tasks.add_task(in.options(how), send_once, std::ref(in), how).value();
  in.world.settle();
  BOOST_TEST(in.ch.statistics().waiting_senders == 1u);
  const auto perform = [&](act what) {
    if (what != act::served)
      return in.end_by(what, h);
    try {
      if (const auto got = in.ch.try_receive())
        in.received.push_back(*got);
    } catch (const broken&) {
    }
  };
  perform(first);
  if (turn)
    in.world.settle();
  if (second)
    perform(*second);
  in.world.advance(10s); // a shield's grace, too
  BOOST_TEST(h.finished());
  if (turn && !(how == form::shield && first == act::cancelled))
    BOOST_CHECK(h.state() == expected_end(first, how, true));
  in.drain();
  const auto sevens = static_cast<std::size_t>(std::count(in.received.begin(), in.received.end(), 7));
  BOOST_TEST(sevens + bound == in.received.size());
  BOOST_TEST(sevens <= 1u);
  BOOST_TEST(in.ch.statistics().sent == in.received.size());
  if (!in.sent.empty())
    BOOST_TEST(sevens == 1u);
  if (in.has_failed_to_send)
    BOOST_TEST(sevens == 0u);
  BOOST_TEST(in.ch.statistics().waiting_senders == 0u);
}

template <class Case>
void all_pairs(Case run) {
  for (std::size_t f = 0; f < std::size(forms); ++f)
    for (std::size_t a = 0; a < std::size(acts); ++a) {
      BOOST_TEST_CONTEXT(form_names[f] << ": " << names[a])
      run(forms[f], acts[a], std::nullopt, true);
      for (std::size_t b = 0; b < std::size(acts); ++b)
        for (const bool turn : {false, true})
          BOOST_TEST_CONTEXT(form_names[f] << ": " << names[a] << ", then " << names[b]
                                           << (turn ? " later" : ""))
      run(forms[f], acts[a], acts[b], turn);
    }
}

} // namespace channel_endings

BOOST_AUTO_TEST_SUITE(channel_endings)

BOOST_AUTO_TEST_CASE(a_receive_that_waits) { all_pairs(receive_case); }

BOOST_AUTO_TEST_CASE(a_send_that_waits) {
  for (const std::size_t bound : {0, 1, 3})
    all_pairs([&](auto... how) { send_case(bound, how...); });
}

BOOST_AUTO_TEST_CASE(what_is_there_is_not_taken_by_a_body_that_is_to_end) {
  virtual_time world;
  const channel<int> ch{1};
  int refused = 0;
  auto body = [&]() -> ta::task<void> {
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
    }
    for (int i = 0; i < 100; ++i) { // beyond those that are refused at once
      try {
        (void)co_await ch.receive();
      } catch (const ta::cancelled_error&) {
        ++refused;
      }
    }
    try {
      co_await ch.send(2);
    } catch (const ta::cancelled_error&) {
      ++refused;
    }
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  BOOST_TEST((ch.try_send(1) == send_reply::sent));
  h.cancel();
  world.advance(1s);
  BOOST_TEST(h.finished());
  BOOST_TEST(refused == 101);
  BOOST_TEST(ch.try_receive().value() == 1);
  BOOST_TEST(!ch.try_receive());
}

/// An await that found all there gives way now and then: a kill in that pause loses nothing either.
BOOST_AUTO_TEST_CASE(a_kill_while_it_gives_way) {
  for (const std::size_t bound : {1, 4, 7}) // full rings, too: what comes back needs a place
    for (int at = 250; at < 262; ++at) {
      virtual_time world{{.cancel_grace = 0s}};
      const channel<int> ch{bound};
      std::vector<int> got;
      int next = 0;
      auto sends = [&]() -> ta::task<void> {
        while (next < at)
          co_await ch.send(next++);
      };
      auto receives = [&]() -> ta::task<void> {
        for (;;) {
          const auto one = co_await ch.receive();
          got.push_back(*one);
        }
      };
      world.tasks.add_task({.id = "sends"}, sends).value();
      world.settle();
      world.tasks.add_task({.id = "receives"}, receives).value();
      for (int i = 0; i < 3; ++i)
        world.kill_task("receives"), world.settle();
      while (const auto left = ch.try_receive()) {
        got.push_back(*left);
        world.settle();
      }
      BOOST_TEST(got.size() == static_cast<std::size_t>(at));
      for (int i = 0; i < static_cast<int>(got.size()); ++i)
        BOOST_REQUIRE(got[static_cast<std::size_t>(i)] == i);
    }
}

/// Many were given a value, none has gone on: all come back, however full it is.
BOOST_AUTO_TEST_CASE(many_who_were_served_are_killed) {
  for (const std::size_t bound : {0, 1, 4, 8}) {
    virtual_time world{{.cancel_grace = 0s}};
    const channel<int> ch{bound};
    auto receives = [&]() -> ta::task<void> {
      const auto got = co_await ch.receive();
      BOOST_TEST(!got.has_value()); // never gone on with a value
    };
    constexpr int count = 8;
    for (int i = 0; i < count; ++i)
      world.tasks.add_task({.id = std::to_string(i)}, receives).value();
    world.settle();
    int sent = 0;
    while (ch.try_send(sent) == send_reply::sent)
      ++sent;
    BOOST_TEST(sent == count + static_cast<int>(bound));
    for (int i = 0; i < count; ++i)
      world.kill_task(std::to_string(i));
    world.settle();
    ch.close();
    std::vector<bool> seen(static_cast<std::size_t>(sent));
    while (const auto left = ch.try_receive()) {
      BOOST_TEST(!seen[static_cast<std::size_t>(*left)]);
      seen[static_cast<std::size_t>(*left)] = true;
    }
    BOOST_TEST(std::count(seen.begin(), seen.end(), true) == sent);
  }
}

/// A closed channel isn't at its end while its last value may come back.
BOOST_AUTO_TEST_CASE(who_is_killed_with_the_last_value_leaves_it_to_the_next) {
  virtual_time world{{.cancel_grace = 0s}};
  const channel<int> ch{4};
  std::optional<int> got;
  auto receives = [&]() -> ta::task<void> {
    if (const auto one = co_await ch.receive())
      got = *one;
  };
  world.tasks.add_task({.id = "first"}, receives).value();
  world.settle();
  BOOST_TEST((ch.try_send(7) == send_reply::sent)); // given to it
  ch.close();
  BOOST_TEST(!ch.drained());
  BOOST_TEST(!ch.try_receive());
  auto second = world.tasks.add_task({.id = "second"}, receives).value();
  world.kill_task("first");
  world.settle();
  BOOST_TEST(second.finished());
  BOOST_TEST(got.value_or(0) == 7);
  BOOST_TEST(ch.drained());
}

BOOST_AUTO_TEST_CASE(who_waits_at_the_end_is_told_when_the_last_value_is_its_receivers) {
  for (const bool with_error : {false, true}) {
    virtual_time world{{.capacity = 1}};
    const channel<int> ch{4};
    std::vector<ta::handle<bool>> all;
    auto receives = [&]() -> ta::task<bool> { co_return (co_await ch.receive()).has_value(); };
    for (int i = 0; i < 3; ++i)
      all.push_back(world.tasks.add_task({}, receives).value());
    world.settle();
    BOOST_TEST((ch.try_send(7) == send_reply::sent));
    ch.close(with_error ? std::make_exception_ptr(broken{}) : std::exception_ptr{});
    BOOST_TEST(all[0].get());
    for (int i = 1; i < 3; ++i)
      if (with_error)
        BOOST_CHECK_THROW(all[static_cast<std::size_t>(i)].get(), broken);
      else
        BOOST_TEST(!all[static_cast<std::size_t>(i)].get());
    BOOST_TEST(ch.drained());
  }
}

BOOST_AUTO_TEST_CASE(a_race_of_two_receives_loses_nothing) {
  for (const bool both : {false, true}) {
    virtual_time world;
    const channel<int> left{4}, right{4};
    int got = 0;
    auto body = [&]() -> ta::task<void> {
      const auto won = co_await ta::race(left.receive(), right.receive());
      got += won.index() == 0 ? *std::get<0>(won) : *std::get<1>(won);
    };
    auto h = world.tasks.add_task({}, body).value();
    world.settle();
    BOOST_TEST((left.try_send(1) == send_reply::sent));
    if (both)
      BOOST_TEST((right.try_send(10) == send_reply::sent)); // each of the two has a value now
    h.get();
    got += left.try_receive().value_or(0) + right.try_receive().value_or(0);
    BOOST_TEST(got == (both ? 11 : 1));
  }
}

BOOST_AUTO_TEST_CASE(what_a_loser_gives_back_is_the_next_to_be_received) {
  virtual_time world;
  const channel<std::string> ch{4};
  auto body = [&]() -> ta::task<int> {
    const auto won = co_await ta::race(ta::yield(), ch.receive());
    co_return static_cast<int>(won.index());
  };
  int lost = 0;
  for (int i = 0; i < 3; ++i) {
    auto h = world.tasks.add_task({}, body).value();
    BOOST_TEST((ch.try_send("a") == send_reply::sent));
    BOOST_TEST((ch.try_send("b") == send_reply::sent));
    lost += h.get() == 0;
    std::string all;
    while (auto each = ch.try_receive())
      all += *each;
    BOOST_TEST(all == (h.get() == 0 ? "ab" : "b"));
  }
  BOOST_TEST_MESSAGE("lost " << lost);
}

BOOST_AUTO_TEST_CASE(the_parts_of_when_all_may_each_receive) {
  virtual_time world{{.capacity = 1}};
  const channel<int> ch{0};
  auto body = [&]() -> ta::task<int> {
    const auto [a, b, nothing] = co_await ta::when_all(ch.receive(), ch.receive(), ch.send(1));
    static_cast<void>(nothing);
    co_return a.value_or(0) + b.value_or(0);
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  BOOST_TEST((ch.try_send(2) == send_reply::sent));
  BOOST_TEST(h.get() == 3);
}

BOOST_AUTO_TEST_CASE(an_await_that_never_began_has_done_nothing) {
  virtual_time world;
  const channel<int> ch{1};
  auto body = [&]() -> ta::task<void> {
    (void)ch.receive();
    (void)ch.send(1);
    BOOST_TEST(ch.statistics().sent == 0u);
    BOOST_TEST(ch.statistics().waiting_receivers == 0u);
    co_return;
  };
  world.tasks.add_task({}, body).value().get();
}

BOOST_AUTO_TEST_CASE(a_cancelled_sender_does_not_hold_up_the_one_behind_it) {
  virtual_time world;
  const channel<int> ch{0};
  auto sends = [&](int value) -> ta::task<void> { co_await ch.send(value); };
  auto first = world.tasks.add_task({}, sends, 1).value();
  auto second = world.tasks.add_task({}, sends, 2).value();
  world.settle();
  first.cancel();
  world.settle();
  BOOST_TEST(ch.try_receive().value() == 2);
  world.settle();
  BOOST_CHECK(first.state() == state::cancelled);
  BOOST_TEST(second.finished());
}

BOOST_AUTO_TEST_CASE(a_manager_that_ends_leaves_its_values_to_others) {
  const channel<int> ch{1};
  {
    virtual_time world{{.cancel_grace = 0s}};
    auto sends = [&]() -> ta::task<void> {
      co_await ch.send(1);
      co_await ch.send(2);
    };
    world.tasks.add_task({}, sends).value();
    world.settle();
    BOOST_TEST(ch.statistics().waiting_senders == 1u);
    world.end();
    BOOST_TEST(ch.statistics().waiting_senders == 0u);
  }
  BOOST_TEST(ch.try_receive().value() == 1);
  BOOST_TEST(!ch.try_receive());
}

BOOST_AUTO_TEST_SUITE_END()
