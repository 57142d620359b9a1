// Random orders, cancellations, kills and deadlines: each value that was sent is received once, or still in
// the channel; those of one sender in their order; and nothing hangs, whatever the capacity of either.
#include "lifecycle/bodies.hpp"

#include <taskactor/sync.hpp>
#include <taskactor/testing.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace test;

namespace channel_seeds {

using ta::channel;
using ta::testing::explore;
using ta::testing::manager;

/// Not trivially copyable, so that it is a pointer on its way.
struct parcel {
  int sender = 0;
  int number = 0;
  std::unique_ptr<int> content;
};
struct stamp {
  int sender = 0;
  int number = 0;
};
parcel make(int sender, int number, const parcel*) { return {sender, number, std::make_unique<int>(number)}; }
stamp make(int sender, int number, const stamp*) { return {sender, number}; }

void require(bool holds, const std::string& what) {
  if (!holds)
    throw std::runtime_error{what};
}

struct plan {
  std::size_t bound = 0;
  bool kills = false;
  bool cancels = false;
  bool deadlines = false;
  bool races = false;
};

template <class T>
struct scene {
  scene(manager& in, const plan& by) : m(in), how(by), ch(by.bound) {}

  manager& m;
  plan how;
  channel<T> ch;
  std::vector<std::pair<int, int>> received; // in order
  std::map<std::pair<int, int>, bool> sent;  // false: tried
  int next_name = 0;
  bool is_out_of_order = false;

  ta::task<void> send_many(int self) {
    for (int n = 0; n < 20; ++n) {
      sent[{self, n}] = false;
      auto made = make(self, n, static_cast<const T*>(nullptr));
      if (how.deadlines && m.draw(4) == 0) {
        if (!co_await ta::move_on_after(std::chrono::microseconds{m.draw(3)}, ch.send(std::move(made)))) {
          sent.erase({self, n});
          continue;
        }
      } else {
        co_await ch.send(std::move(made));
      }
      sent[{self, n}] = true;
      if (m.draw(5) == 0)
        co_await ta::sleep_for(std::chrono::microseconds{m.draw(3)});
    }
  }
  ta::task<void> receive_many() {
    std::map<int, int> last; // of each sender
    for (;;) {
      std::optional<T> got;
      const auto way = m.draw(6);
      if (how.deadlines && way == 0) {
        auto in_time = co_await ta::move_on_after(std::chrono::microseconds{m.draw(3)}, ch.receive());
        if (!in_time)
          continue;
        got = std::move(*in_time);
      } else if (how.races && way == 1) {
        auto won = co_await ta::race(ch.receive(), ta::sleep_for(std::chrono::microseconds{m.draw(3)}));
        if (won.index() != 0)
          continue;
        got = std::move(std::get<0>(won));
      } else if (how.races && way == 2) {
        auto won = co_await ta::race(ch.receive(), ch.receive());
        got = won.index() == 0 ? std::move(std::get<0>(won)) : std::move(std::get<1>(won));
      } else {
        got = co_await ch.receive();
      }
      if (!got)
        co_return;
      received.emplace_back(got->sender, got->number);
      const auto [seen, is_first] = last.emplace(got->sender, got->number);
      // Nothing has gone back to the front.
      is_out_of_order |= !is_first && !how.kills && !how.races && seen->second > got->number;
      seen->second = got->number;
      if (m.draw(5) == 0)
        co_await ta::sleep_for(std::chrono::microseconds{m.draw(3)});
    }
  }

  ta::handle<void> start_receiver() {
    const auto id = "receiver" + std::to_string(next_name++);
    return m.tasks().add_task({.id = id}, [this] { return receive_many(); }).value();
  }
  /// Ends some that receive, and starts others in their place.
  void disturb(std::vector<ta::handle<void>>& receivers, std::vector<ta::handle<void>>& senders) {
    for (int step = 0; step < 12; ++step) {
      m.advance(std::chrono::microseconds{m.draw(4)});
      auto& one = receivers[m.draw(receivers.size())];
      if (how.cancels && m.draw(2) == 0)
        one.cancel();
      if (how.kills && m.draw(2) == 0)
        m.kill_task(one.id());
      if (how.cancels && m.draw(4) == 0)
        senders[m.draw(senders.size())].cancel();
      if (how.kills && m.draw(4) == 0)
        m.kill_task(senders[m.draw(senders.size())].id());
      if (one.finished() || m.draw(2) == 0)
        one = start_receiver();
    }
  }

  void run() {
    std::vector<ta::handle<void>> senders, receivers, all;
    for (int i = 0; i < 4; ++i)
      senders.push_back(
          m.tasks()
              .add_task({.id = "sender" + std::to_string(i)}, [this, i] { return send_many(i); })
              .value());
    for (int i = 0; i < 3; ++i)
      receivers.push_back(start_receiver());
    disturb(receivers, senders);
    receivers.push_back(start_receiver()); // at least one that nobody ends
    for (auto& each : senders)
      m.run_until([&] { return each.finished(); });
    ch.close();
    m.run_until([&] { return m.tasks().statistics().running + m.tasks().statistics().waiting == 0; });
    while (const auto left = ch.try_receive())
      received.emplace_back(left->sender, left->number);
    check();
  }

  void check() {
    require(ch.drained(), "something is still under way");
    auto sorted = received;
    std::sort(sorted.begin(), sorted.end());
    require(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end(), "received twice");
    std::size_t surely = 0;
    for (const auto& [which, is_sent] : sent) {
      surely += is_sent;
      const bool got = std::binary_search(sorted.begin(), sorted.end(), which);
      // A sender that was killed doesn't know whether it has sent.
      require(got || !is_sent, "lost");
      require(!got || is_sent || how.kills, "sent, and said that it wasn't");
    }
    for (const auto& which : sorted)
      require(sent.count(which) != 0, "received what wasn't sent");
    require(ch.statistics().sent >= surely, "not counted");
    require(!is_out_of_order, "out of order");
  }
};

template <class T>
void explore_all(const plan& base, std::size_t capacity) {
  for (const std::size_t bound : {0, 1, 3, 64}) {
    auto with = base;
    with.bound = bound;
    ta::testing::explore_options options{.seeds = 25};
    options.world.manager.capacity = capacity;
    options.world.manager.cancel_grace = base.kills ? 0s : 5s; // without a grace a cancellation is a kill
    BOOST_TEST_CONTEXT("bound " << bound << ", capacity " << capacity)
    try {
      explore(options, [&](manager& m) { scene<T>{m, with}.run(); });
    } catch (...) {
      BOOST_ERROR(ta::describe(std::current_exception()));
    }
  }
}

} // namespace channel_seeds

BOOST_AUTO_TEST_SUITE(channel_seeds)

BOOST_AUTO_TEST_CASE(undisturbed) {
  for (const std::size_t capacity : {1, 2, 32}) {
    explore_all<parcel>({}, capacity);
    explore_all<stamp>({}, capacity);
  }
}

BOOST_AUTO_TEST_CASE(with_deadlines) {
  for (const std::size_t capacity : {1, 32})
    explore_all<parcel>({.deadlines = true}, capacity);
}

BOOST_AUTO_TEST_CASE(with_cancellations) {
  for (const std::size_t capacity : {1, 32})
    explore_all<parcel>({.cancels = true}, capacity);
}

BOOST_AUTO_TEST_CASE(with_kills) {
  for (const std::size_t capacity : {1, 32}) {
    explore_all<parcel>({.kills = true}, capacity);
    explore_all<stamp>({.kills = true}, capacity);
  }
}

BOOST_AUTO_TEST_CASE(with_races) {
  for (const std::size_t capacity : {1, 32})
    explore_all<parcel>({.races = true}, capacity);
}

BOOST_AUTO_TEST_CASE(with_all_of_it) {
  for (const std::size_t capacity : {1, 32})
    explore_all<stamp>({.cancels = true, .deadlines = true}, capacity);
}

BOOST_AUTO_TEST_SUITE_END()
