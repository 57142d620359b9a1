// The windows: never more room than there is, and all of it for who wants it.
#include "node/window_allocator.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <random>

namespace windows {

using namespace taskactor::detail;

/// The peers' side: what they were told, took up, and have sent.
struct peers {
  explicit peers(std::size_t limit) { allocator.set_limit(limit); }

  void told() {
    for (const auto& [whose, window] : allocator.share_out())
      windows[whose].push_back(window);
  }
  void take(session_id who) {
    auto& line = windows[who];
    if (line.empty())
      return;
    allowed[who] = line.front();
    line.erase(line.begin());
    BOOST_REQUIRE(allocator.taken(who, allowed[who]));
    told();
  }
  void take_all() {
    for (bool again = true; again;) {
      again = false;
      for (auto& [who, line] : windows)
        if (!line.empty())
          take(who), again = true;
    }
  }

  window_allocator allocator;
  std::map<session_id, std::vector<std::uint64_t>> windows;
  std::map<session_id, std::uint64_t> allowed, sent;
};

} // namespace windows

BOOST_AUTO_TEST_SUITE(windows)

BOOST_AUTO_TEST_CASE(who_is_alone_may_have_all_when_it_asks) {
  peers world{10};
  world.allocator.add(1);
  world.told();
  world.take_all();
  BOOST_TEST(world.allowed[1] == 5U); // half of it without asking
  world.allocator.demanded(1, 100);
  world.told();
  world.take_all();
  BOOST_TEST(world.allowed[1] == 10U);
}

BOOST_AUTO_TEST_CASE(room_goes_from_who_has_no_use_for_it_to_who_has_once_it_is_taken) {
  peers world{10};
  for (const session_id who : {1, 2}) {
    world.allocator.add(who);
    world.allocator.demanded(who, who == 1 ? 100 : 0);
  }
  world.told();
  world.take_all();
  BOOST_TEST(world.allowed[1] == 9U);
  BOOST_TEST(world.allowed[2] == 1U);
  world.allocator.demanded(1, 0);
  world.allocator.demanded(2, 100);
  world.told();
  BOOST_TEST(world.windows[2].empty()); // the other one may still use it
  world.take_all();
  BOOST_TEST(world.allowed[1] == 1U);
  BOOST_TEST(world.allowed[2] == 9U);
}

BOOST_AUTO_TEST_CASE(who_does_not_answer_its_windows_is_overdue_after_so_many_turns) {
  peers world{10};
  world.allocator.add(1);
  world.told();
  for (int i = 0; i < 5; ++i)
    world.allocator.turn();
  BOOST_TEST(!world.allocator.is_overdue(1, 5));
  world.allocator.turn();
  BOOST_TEST(world.allocator.is_overdue(1, 5));
  world.take_all();
  BOOST_TEST(!world.allocator.is_overdue(1, 0));
}

BOOST_AUTO_TEST_CASE(a_call_beyond_the_window_has_no_room) {
  peers world{2};
  world.allocator.add(1);
  world.allocator.demanded(1, 5);
  world.told();
  world.take_all();
  BOOST_TEST(world.allocator.arrived(1));
  BOOST_TEST(world.allocator.arrived(1));
  BOOST_TEST(!world.allocator.arrived(1));
  world.allocator.ended(1);
  BOOST_TEST(world.allocator.arrived(1));
  BOOST_TEST(!world.allocator.taken(1, 77));
}

BOOST_AUTO_TEST_CASE(whatever_is_asked_and_sent_there_is_never_more_than_the_limit) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 random{seed};
    const std::size_t limit = 1 + random() % 12;
    peers world{limit};
    session_id last = 0;
    for (int step = 0; step < 2000; ++step) {
      std::vector<session_id> there;
      for (const auto& [who, line] : world.windows)
        there.push_back(who);
      const auto who = there.empty() ? 0 : there[random() % there.size()];
      switch (there.empty() ? 0 : random() % 8) {
      case 0:
        if (there.size() < 5) {
          world.allocator.add(++last);
          world.windows[last];
        }
        break;
      case 1:
        if (random() % 10 == 0) {
          world.allocator.remove(who);
          world.windows.erase(who);
          world.sent.erase(who);
          world.allowed.erase(who);
        }
        break;
      case 2:
        world.allocator.demanded(who, random() % 20);
        break;
      case 3:
        world.take(who);
        break;
      case 4:
      case 5:
        if (world.sent[who] < world.allowed[who]) {
          BOOST_REQUIRE(world.allocator.arrived(who));
          ++world.sent[who];
        }
        break;
      case 6:
        if (world.sent[who] != 0) {
          world.allocator.ended(who);
          --world.sent[who];
        }
        break;
      default:
        world.allocator.turn();
      }
      world.told();
      BOOST_REQUIRE(world.allocator.held() <= limit);
      BOOST_REQUIRE(world.allocator.promised() <= limit);
    }
    // When all is quiet, and one wants it all, it gets all but what the others keep.
    for (const auto& [who, line] : world.windows) {
      for (; world.sent[who] != 0; --world.sent[who])
        world.allocator.ended(who);
      world.allocator.demanded(who, 0);
    }
    if (world.windows.empty())
      continue;
    const auto wants = world.windows.begin()->first;
    world.allocator.demanded(wants, 100);
    world.told();
    world.take_all();
    const auto others = world.windows.size() - 1;
    BOOST_TEST(world.allowed[wants] + std::min(others, limit - 1) >= limit);
  }
}

BOOST_AUTO_TEST_SUITE_END()
