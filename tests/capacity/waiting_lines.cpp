// Who is next: priorities with aging, first come first served, fair shares; and the token bucket. No actors.
#include "capacity/token_bucket.hpp"
#include "capacity/waiting_line.hpp"
#include "lifecycle/task_extras.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <random>
#include <string>
#include <vector>

using namespace std::chrono_literals;
namespace ta = taskactor;

namespace waiting_lines {

using namespace taskactor::detail;

class waiting_one final : public record {
public:
  waiting_one(std::string name, int level, std::chrono::nanoseconds since, const std::string& share) {
    id = std::move(name);
    priority = static_cast<std::uint8_t>(level);
    waits_since = time_point{1h + since};
    if (!share.empty()) {
      extras = std::make_unique<taskactor::detail::task_extras>();
      extras->fairness_key = share;
    }
  }
  bool start(context&) override { return false; }
  void collect() noexcept override {}
  std::exception_ptr discard_body() noexcept override { return {}; }
  void fail(ta::failure) noexcept override {}
  void drop_outcome() noexcept override {}
  const ta::failure* failed() const noexcept override { return nullptr; }
};

ref<record> one(std::string name, int level = 4, std::chrono::nanoseconds since = 0s,
                std::string share = {}) {
  return ref<record>{new waiting_one{std::move(name), level, since, share}};
}

std::string drain(waiting_line& line, std::size_t most = 1000) {
  std::string order;
  while (auto* next = most-- == 0 ? nullptr : line.next())
    order += line.take(*next, 1)->id;
  return order;
}

} // namespace waiting_lines

BOOST_AUTO_TEST_SUITE(waiting_lines)

BOOST_AUTO_TEST_CASE(the_highest_priority_is_first_and_within_it_who_came_first) {
  waiting_line line;
  line.push(one("a", 4, 0s), 1);
  line.push(one("b", 9, 0s), 1);
  line.push(one("c", 0, 5s), 1);
  line.push(one("d", 4, 1s), 1);
  line.push(one("e", 0, 6s), 1);
  BOOST_TEST(line.tokens() == 5u);
  BOOST_TEST(drain(line) == "ceadb");
  BOOST_TEST(line.size() == 0u);
  BOOST_TEST(line.tokens() == 0u);
}

BOOST_AUTO_TEST_CASE(waiting_is_worth_a_level_after_each_step_of_aging) {
  waiting_line line{10s};
  line.push(one("old", 5, 0s), 1);
  line.push(one("new", 4, 9s), 1);
  line.push(one("newer", 4, 11s), 1);
  BOOST_TEST(drain(line) == "newoldnewer");
}

BOOST_AUTO_TEST_CASE(who_ends_while_it_waits_leaves_the_line) {
  waiting_line line;
  const auto gone = one("gone");
  line.push(one("a"), 1);
  line.push(gone, 3);
  line.push(one("b"), 1);
  BOOST_TEST(line.tokens() == 5u);
  BOOST_CHECK(line.remove(*gone, 3));
  BOOST_CHECK(!line.remove(*gone, 3));
  BOOST_TEST(line.tokens() == 2u);
  BOOST_TEST(drain(line) == "ab");
}

BOOST_AUTO_TEST_CASE(shares_have_their_turns_however_much_each_has_waiting) {
  waiting_line line;
  for (int i = 0; i < 6; ++i)
    line.push(one("a", 0, 0s, "greedy"), 1);
  line.push(one("b", 9, 1s, "modest"), 1);
  line.push(one("b", 9, 2s, "modest"), 1);
  line.push(one("c", 4, 3s), 1);
  const auto order = drain(line);
  BOOST_TEST(order.substr(0, 5).find("bb") == std::string::npos);
  BOOST_TEST(std::count(order.begin(), order.begin() + 5, 'b') == 2);
  BOOST_TEST(std::count(order.begin(), order.begin() + 3, 'c') == 1);
}

BOOST_AUTO_TEST_CASE(a_share_that_comes_one_by_one_gets_no_more_than_its_turn) {
  waiting_line line;
  for (int i = 0; i < 100; ++i)
    line.push(one("a", 4, 0s, "many"), 1);
  std::string order;
  line.push(one("b", 4, 0s, "single"), 1);
  for (int i = 0; i < 60; ++i) {
    auto* next = line.next();
    const auto taken = line.take(*next, 1);
    order += taken->id;
    if (taken->id == "b")
      line.push(one("b", 4, 0s, "single"), 1);
  }
  const auto singles = std::count(order.begin(), order.end(), 'b');
  BOOST_TEST(singles >= 29);
  BOOST_TEST(singles <= 31);
}

BOOST_AUTO_TEST_CASE(a_share_that_was_away_does_not_catch_up_on_what_it_missed) {
  waiting_line line;
  for (int i = 0; i < 50; ++i)
    line.push(one("a", 4, 0s, "here"), 1);
  BOOST_TEST(drain(line, 20) == std::string(20, 'a'));
  for (int i = 0; i < 20; ++i)
    line.push(one("b", 4, 0s, "back"), 1);
  const auto order = drain(line, 20);
  BOOST_TEST(std::count(order.begin(), order.end(), 'b') <= 11);
}

BOOST_AUTO_TEST_CASE(turns_count_tokens_not_tasks) {
  waiting_line line;
  for (int i = 0; i < 20; ++i) {
    line.push(one("h", 4, 0s, "heavy"), 3);
    line.push(one("l", 4, 0s, "light"), 1);
  }
  std::string order;
  for (int i = 0; i < 16; ++i) {
    auto* next = line.next();
    order += line.take(*next, next->id == "h" ? 3 : 1)->id;
  }
  BOOST_TEST(std::count(order.begin(), order.end(), 'l') == 12);
}

// Against a plain model: whatever is pushed, taken and removed, nobody is lost, served twice or passed over.
BOOST_AUTO_TEST_CASE(random_lines_lose_nobody_and_keep_the_order_within_a_share_and_level) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937 random{seed};
      waiting_line line{random() % 2 == 0 ? 0s : 10s};
      std::vector<ref<record>> waiting;
      std::size_t tokens = 0;
      for (int step = 0; step < 200; ++step) {
        const auto what = random() % 5;
        if (what < 3) {
          const auto share = std::string(random() % 3, 's');
          auto made
              = one(std::to_string(step), static_cast<int>(random() % 10), std::chrono::seconds{step}, share);
          line.push(made, 2);
          tokens += 2;
          waiting.push_back(std::move(made));
        } else if (!waiting.empty()) {
          record* gone = what == 3 ? line.next() : waiting[random() % waiting.size()].get();
          BOOST_REQUIRE(gone);
          if (what == 3) {
            for (const auto& other : waiting) // nobody of its share and level has waited longer
              if (other->priority == gone->priority && !other->extras == !gone->extras
                  && (!other->extras || other->extras->fairness_key == gone->extras->fairness_key))
                BOOST_REQUIRE(other->waits_since >= gone->waits_since);
            BOOST_REQUIRE(line.take(*gone, 2).get() == gone);
          } else {
            BOOST_REQUIRE(line.remove(*gone, 2).get() == gone);
          }
          tokens -= 2;
          std::erase_if(waiting, [gone](const auto& each) { return each.get() == gone; });
        }
        BOOST_REQUIRE(line.size() == waiting.size());
        BOOST_REQUIRE(line.tokens() == tokens);
        BOOST_REQUIRE((line.next() == nullptr) == waiting.empty());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_bucket_gives_its_burst_at_once_and_then_evenly) {
  const time_point start{1h};
  token_bucket bucket{ta::rate{.count = 10, .period = 1s, .burst = 3}};
  BOOST_TEST(bucket.available(start) == 3u);
  bucket.take(3, start);
  BOOST_TEST(bucket.available(start) == 0u);
  BOOST_CHECK(bucket.refill() == start + 100ms);
  BOOST_TEST(bucket.available(start + 99ms) == 0u);
  BOOST_TEST(bucket.available(start + 100ms) == 1u);
  BOOST_TEST(bucket.available(start + 1h) == 3u);
}

BOOST_AUTO_TEST_CASE(another_rate_holds_for_what_was_taken_before) {
  const time_point start{1h};
  token_bucket bucket{ta::rate{.count = 1, .period = 1h}};
  bucket.take(1, start);
  bucket.set(ta::rate{.count = 10, .period = 1s}, start + 30min); // half a token is due
  BOOST_CHECK(bucket.refill() == start + 30min + 50ms);
  BOOST_TEST(bucket.available(start + 30min + 49ms) == 0u);
  BOOST_TEST(bucket.available(start + 30min + 50ms) == 1u);
  bucket.set(ta::rate{.count = 1, .period = 1h}, start + 30min); // and back
  BOOST_CHECK(bucket.refill() == start + 1h);
  bucket.set(ta::rate{.count = 1, .period = 1h, .burst = 2}, start + 30min);
  BOOST_TEST(bucket.available(start + 30min) == 1u);
}

BOOST_AUTO_TEST_CASE(a_bucket_never_exceeds_its_rate) {
  std::mt19937 random{7};
  token_bucket bucket{ta::rate{.count = 3, .period = 1s, .burst = 2}}; // an interval that isn't whole
  const time_point start{1h};
  auto now = start;
  std::size_t taken = 0;
  for (int i = 0; i < 10000; ++i) {
    now += std::chrono::nanoseconds{random() % 700'000'000};
    const auto count = std::min<std::size_t>(bucket.available(now), random() % 3);
    bucket.take(count, now);
    taken += count;
    const auto allowed = 2 + std::chrono::duration<double>(now - start).count() * 3;
    BOOST_REQUIRE(static_cast<double>(taken) <= allowed);
  }
  BOOST_TEST(static_cast<double>(taken) > std::chrono::duration<double>(now - start).count() * 2);
}

BOOST_AUTO_TEST_SUITE_END()
