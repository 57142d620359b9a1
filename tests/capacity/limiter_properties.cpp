// The protocol between a limiter and those who hold its tokens, over random interleavings: work comes and
// goes, or never begins, messages are delivered late but in order, holders die, capacity and rate change,
// time passes. After each step nothing is lost and nothing lent twice, and the rate is kept, in every stretch
// of time, by what has run; at the end everybody has been served. What fails is shrunk to the few steps that
// it takes.
#include "support/limiter_world.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <utility>

namespace limiter_properties {

using namespace limiter_test;

template <class Limiter>
std::optional<std::string> fault(const setting& where, const steps& all) {
  try {
    world<Limiter>{where}.run(all);
    return {};
  } catch (const broken& what) {
    return what.how;
  }
}

/// Leaves out what isn't needed for it to fail: halves, quarters, ... and then single steps.
template <class Limiter>
steps shrunk(const setting& where, steps failing) {
  for (auto size = failing.size() / 2; size != 0; size /= 2)
    for (std::size_t begin = 0; begin + size <= failing.size();) {
      auto fewer = failing;
      const auto from = fewer.begin() + static_cast<std::ptrdiff_t>(begin);
      fewer.erase(from, from + static_cast<std::ptrdiff_t>(size));
      if (fault<Limiter>(where, fewer))
        failing = std::move(fewer);
      else
        begin += size;
    }
  return failing;
}

struct found {
  std::string how;
  steps least;
};

/// The first of many random runs that fails.
template <class Limiter>
std::optional<found> search(const setting& where, unsigned seeds) {
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    std::mt19937 random{seed};
    const auto all = random_steps(random, where);
    if (fault<Limiter>(where, all)) {
      auto least = shrunk<Limiter>(where, all);
      return found{*fault<Limiter>(where, least), std::move(least)};
    }
  }
  return {};
}

std::string text(const std::optional<found>& what) {
  if (!what)
    return "nothing";
  std::ostringstream out;
  out << what->how;
  for (const auto& each : what->least)
    out << "\n  " << names[static_cast<std::size_t>(each.what)] << ' ' << each.who << ' ' << each.amount;
  return out.str();
}

const rate two_in_7ms{.count = 2, .period = 7ms, .burst = 3};

} // namespace limiter_properties

BOOST_AUTO_TEST_SUITE(limiter_properties)

BOOST_AUTO_TEST_CASE(several_holders) { BOOST_TEST(text(search<limiter>({4, 1, {}}, 400)) == "nothing"); }

BOOST_AUTO_TEST_CASE(work_of_several_weights) {
  BOOST_TEST(text(search<limiter>({1, 3, {}}, 400)) == "nothing");
}

BOOST_AUTO_TEST_CASE(with_a_rate) { BOOST_TEST(text(search<limiter>({1, 3, two_in_7ms}, 400)) == "nothing"); }

BOOST_AUTO_TEST_CASE(several_holders_with_a_rate) {
  BOOST_TEST(text(search<limiter>({4, 1, two_in_7ms}, 400)) == "nothing");
}

// The search itself: each fault that is put in on purpose is found, and shrunk to what it takes.
BOOST_AUTO_TEST_SUITE(faults_on_purpose)

BOOST_AUTO_TEST_CASE(tokens_that_die_with_their_holder) {
  struct forgetful : limiter {
    using limiter::limiter;
    notices gone(holder_id, time_point) { return {}; }
  };
  const auto it = search<forgetful>({4, 1, {}}, 100);
  BOOST_REQUIRE(it.has_value());
  BOOST_TEST(it->how == "a dead holder has tokens");
  BOOST_TEST(it->least.size() == 2u, text(it)); // works, dies
}

BOOST_AUTO_TEST_CASE(a_token_that_is_lent_twice) {
  struct generous : limiter {
    using limiter::limiter;
    notices release(holder_id who, std::size_t count, time_point now) {
      auto all = limiter::release(who, count, now);
      for (auto& each : all)
        each.count += each.what == kind::grant ? 1 : 0;
      return all;
    }
  };
  const auto it = search<generous>({4, 1, {}}, 100);
  BOOST_REQUIRE(it.has_value());
  BOOST_TEST(it->least.size() <= 12u, text(it));
}

BOOST_AUTO_TEST_CASE(a_refill_that_nobody_is_told_of) {
  struct deaf : limiter {
    using limiter::limiter;
    notices refilled(time_point) { return {}; }
  };
  const auto it = search<deaf>({1, 1, two_in_7ms}, 100);
  BOOST_REQUIRE(it.has_value());
  BOOST_TEST(it->how == "somebody waits for ever");
  BOOST_TEST(it->least.size() <= 6u, text(it));
}

BOOST_AUTO_TEST_CASE(a_rate_that_is_not_kept) {
  struct hasty : limiter {
    hasty(std::size_t capacity, const std::optional<rate>& allowed)
        : limiter(capacity,
                  rate{.count = allowed->count * 2, .period = allowed->period, .burst = allowed->burst}) {}
  };
  const auto it = search<hasty>({1, 1, two_in_7ms}, 100);
  BOOST_REQUIRE(it.has_value());
  BOOST_TEST(it->how == "beyond the rate");
}

BOOST_AUTO_TEST_CASE(an_unused_token_that_is_put_back_whole_though_its_time_has_passed) {
  struct forgiving : limiter {
    using limiter::limiter;
    notices give_back(holder_id who, std::size_t count, std::uint64_t, time_point now) {
      return limiter::give_back(who, count, ~std::uint64_t{0}, now); // as if nothing were taken since
    }
  };
  const auto it = search<forgiving>({4, 1, two_in_7ms}, 400);
  BOOST_REQUIRE(it.has_value());
  BOOST_TEST(it->how == "beyond the rate");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
