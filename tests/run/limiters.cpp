// The rules of limiters and accounts, without actors: unit cases, and random interleavings of everything.
#include "run/limiter.hpp"
#include "run/token_account.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <map>
#include <ostream>
#include <random>

using namespace taskactor::detail;
using kind = limiter::notice::kind;

BOOST_AUTO_TEST_SUITE(limiters)

namespace {

std::size_t granted(const limiter::notices& all, holder_id who) {
  std::size_t sum = 0;
  for (const auto& n : all)
    if (n.what == kind::grant && n.holder == who)
      sum += n.count;
  return sum;
}

std::size_t recalled(const limiter::notices& all, holder_id who) {
  std::size_t sum = 0;
  for (const auto& n : all)
    if (n.what == kind::recall && n.holder == who)
      sum += n.count;
  return sum;
}

} // namespace

BOOST_AUTO_TEST_CASE(it_lends_what_it_has_and_the_rest_when_it_comes_back) {
  limiter l{3};
  BOOST_TEST(granted(l.acquire(1, 5), 1) == 3u);
  BOOST_TEST(l.lent() == 3u);
  BOOST_TEST(granted(l.release(1, 2), 1) == 2u);
  BOOST_TEST(l.lent_to(1) == 3u);
}

BOOST_AUTO_TEST_CASE(it_serves_in_the_order_of_asking) {
  limiter l{1};
  (void)l.acquire(1, 1);
  (void)l.acquire(2, 1);
  (void)l.acquire(3, 1);
  const auto next = l.release(1, 1);
  BOOST_TEST(granted(next, 2) == 1u);
  BOOST_TEST(granted(next, 3) == 0u);
}

BOOST_AUTO_TEST_CASE(a_holder_is_asked_for_its_tokens_when_another_one_waits) {
  limiter l{2};
  (void)l.acquire(1, 2);
  BOOST_TEST(recalled(l.acquire(2, 1), 1) == 1u);
  BOOST_TEST(recalled(l.acquire(2, 1), 1) == 1u); // the second one; not the first one again
  BOOST_TEST(granted(l.release(1, 1), 2) == 1u);
}

BOOST_AUTO_TEST_CASE(a_smaller_capacity_recalls_and_a_larger_one_grants) {
  limiter l{4};
  (void)l.acquire(1, 6);
  BOOST_TEST(recalled(l.resize(1), 1) == 3u);
  BOOST_TEST(l.resize(1).empty());
  (void)l.release(1, 3);
  BOOST_TEST(l.lent() == 1u);
  BOOST_TEST(granted(l.resize(10), 1) == 2u);
}

BOOST_AUTO_TEST_CASE(a_dead_holder_returns_its_tokens_and_is_forgotten) {
  limiter l{2};
  (void)l.acquire(1, 9);
  (void)l.acquire(2, 1);
  BOOST_TEST(granted(l.gone(1), 2) == 1u);
  BOOST_TEST(l.lent() == 1u);
  BOOST_TEST(l.gone(1).empty());
}

BOOST_AUTO_TEST_CASE(a_token_that_was_not_lent_can_not_come_back) {
  limiter l{1};
  (void)l.release(7, 5);
  BOOST_TEST(l.lent() == 0u);
  BOOST_TEST(granted(l.acquire(1, 3), 1) == 1u);
}

// Holders with accounts and mailboxes, a limiter, and random steps: work comes and goes, messages are
// delivered late but in order, holders die, the capacity changes. After each step nothing is lost, nothing
// lent twice; and when all messages have been delivered and all work is done, everybody has been served.
BOOST_AUTO_TEST_CASE(random_interleavings_and_deaths_lose_no_token_and_lend_none_twice) {
  struct peer {
    token_account account;
    std::deque<limiter::notice> inbox;
    std::size_t waiting = 0;
    bool alive = true;
  };
  for (unsigned seed = 1; seed <= 300; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937 random{seed};
      std::size_t capacity = random() % 5;
      limiter l{capacity};
      std::map<holder_id, peer> peers;
      for (holder_id who = 1; who <= 4; ++who)
        peers[who];
      auto deliver = [&](const limiter::notices& all) {
        for (const auto& n : all)
          peers[n.holder].inbox.push_back(n);
      };
      auto serve = [&](holder_id who, std::size_t back) {
        auto& p = peers[who];
        if (back != 0)
          deliver(l.release(who, back));
        while (p.waiting != 0 && p.account.take())
          --p.waiting;
        if (const auto count = p.account.ask(p.waiting))
          deliver(l.acquire(who, count));
      };
      auto receive = [&](holder_id who) {
        auto& p = peers[who];
        const auto n = p.inbox.front();
        p.inbox.pop_front();
        serve(who, n.what == kind::grant ? p.account.granted(n.count) : p.account.recalled(n.count));
      };
      auto check = [&] {
        std::size_t used = 0, sum = 0;
        for (auto& [who, p] : peers)
          if (p.alive) {
            used += p.account.used();
            sum += l.lent_to(who);
            BOOST_REQUIRE(p.account.used() <= p.account.held());
            BOOST_REQUIRE(p.account.held() <= l.lent_to(who));
          }
        BOOST_REQUIRE(sum == l.lent());
        BOOST_REQUIRE(used <= l.lent());
      };
      for (int step = 0; step < 400; ++step) {
        const holder_id who = 1 + random() % 4;
        auto& p = peers[who];
        switch (random() % 12) {
        case 0:
          capacity = random() % 6;
          deliver(l.resize(capacity));
          break;
        case 1:
          if (p.alive && random() % 20 == 0) {
            p.alive = false;
            p.inbox.clear();
            deliver(l.gone(who));
          }
          break;
        case 2:
        case 3:
        case 4:
          if (p.alive) {
            p.waiting += random() % 3;
            serve(who, 0);
          }
          break;
        case 5:
        case 6:
        case 7:
          if (p.alive && p.account.used() != 0)
            serve(who, p.account.put());
          break;
        default:
          if (p.alive && !p.inbox.empty())
            receive(who);
        }
        check();
      }
      deliver(l.resize(2));
      bool busy = true;
      for (int round = 0; busy && round < 10'000; ++round) {
        busy = false;
        for (auto& [who, p] : peers)
          if (p.alive) {
            while (!p.inbox.empty())
              receive(who);
            if (p.account.used() != 0)
              serve(who, p.account.put());
            busy = busy || p.waiting != 0 || p.account.used() != 0 || !p.inbox.empty();
            check();
          }
      }
      BOOST_REQUIRE(!busy);
      BOOST_REQUIRE(l.lent() <= 2u);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
