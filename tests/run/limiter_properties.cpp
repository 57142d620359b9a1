// The protocol between a limiter and those who hold its tokens, over random interleavings: work comes and
// goes, messages are delivered late but in order, holders die, capacity and rate change, time passes. After
// each step nothing is lost and nothing lent twice, and the rate is kept; at the end everybody has been
// served. What fails is shrunk to the few steps that it takes.
#include "run/limiter.hpp"
#include "run/token_account.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

using namespace taskactor::detail;
using namespace std::chrono_literals;
using taskactor::rate;
using kind = limiter::notice::kind;

namespace {

enum class act : std::uint8_t { resize, change_rate, die, work, finish, withdraw, receive, wait };
constexpr const char* names[]
    = {"resize", "change rate", "die", "work", "finish", "withdraw", "receive", "wait"};

struct step {
  act what;
  holder_id who;
  unsigned amount;
};
using steps = std::vector<step>;

/// What there is to interleave.
struct setting {
  holder_id peers;
  unsigned weight; // of a piece of work, at most
  std::optional<rate> allowed;
};

steps random_steps(std::mt19937& random, const setting& where) {
  // Changes and deaths are rare, so that there is time for something to happen in between.
  constexpr act often[]
      = {act::work,    act::work,    act::work,    act::finish,  act::finish, act::finish, act::withdraw,
         act::receive, act::receive, act::receive, act::receive, act::wait,   act::wait};
  steps result;
  for (int i = 0; i < 300; ++i) {
    const auto draw = random() % 200;
    const auto what = draw == 0                    ? act::die
                      : draw < 12                  ? act::resize
                      : draw < 18 && where.allowed ? act::change_rate
                                                   : often[random() % std::size(often)];
    result.push_back({what, 1 + random() % where.peers, static_cast<unsigned>(random() % 1000)});
  }
  return result;
}

struct broken {
  std::string how;
};
void demand(bool holds, const char* how) {
  if (!holds)
    throw broken{how};
}

template <class Limiter>
class world {
public:
  explicit world(const setting& where) : where_(where), limiter_(3, where.allowed) {
    for (holder_id who = 1; who <= where.peers; ++who)
      peers_.emplace(who, where.allowed.has_value());
    count_from_now(where.allowed);
  }

  void run(const steps& all) {
    for (const auto& each : all) {
      take(each);
      check();
    }
    settle();
  }

private:
  struct peer {
    explicit peer(bool once) : account(once) {}
    token_account account;
    std::deque<limiter::notice> inbox;
    std::deque<unsigned> waiting, working; // weights
    bool alive = true;
  };

  void take(const step& next) {
    auto& p = peers_.at(next.who);
    if (next.what == act::resize)
      deliver(limiter_.resize(next.amount % 6, now_));
    else if (next.what == act::change_rate)
      change_rate(rate{.count = 1 + next.amount % 3, .period = 7ms, .burst = 1 + next.amount % 4});
    else if (next.what == act::wait)
      pass(std::chrono::microseconds{next.amount * 10});
    else if (p.alive)
      take(next, p);
  }
  void take(const step& next, peer& p) {
    switch (next.what) {
    case act::die:
      p = peer{where_.allowed.has_value()};
      p.alive = false;
      deliver(limiter_.gone(next.who, now_));
      break;
    case act::work:
      p.waiting.push_back(1 + next.amount % where_.weight);
      serve(next.who, 0);
      break;
    case act::finish:
      finish(next.who);
      break;
    case act::withdraw:
      if (!p.waiting.empty())
        p.waiting.pop_back();
      if (p.waiting.empty())
        serve(next.who, p.account.put_idle());
      break;
    default:
      receive(next.who);
    }
  }

  void deliver(const limiter::notices& all) {
    for (const auto& n : all) {
      granted_ += n.what == kind::grant ? n.count : 0;
      peers_.at(n.holder).inbox.push_back(n);
    }
  }
  /// As a holder does: gives back, begins what it can, asks for what it lacks.
  void serve(holder_id who, std::size_t back) {
    auto& p = peers_.at(who);
    if (back != 0)
      deliver(limiter_.release(who, back, now_));
    while (!p.waiting.empty() && p.account.take(p.waiting.front())) {
      p.working.push_back(p.waiting.front());
      p.waiting.pop_front();
    }
    std::size_t lacking = 0;
    for (const auto weight : p.waiting)
      lacking += weight;
    if (const auto count = p.account.ask(lacking))
      deliver(limiter_.acquire(who, count, now_));
  }
  void finish(holder_id who) {
    auto& p = peers_.at(who);
    if (p.working.empty())
      return;
    const auto weight = p.working.front();
    p.working.pop_front();
    serve(who, p.account.put(weight));
  }
  void receive(holder_id who) {
    auto& p = peers_.at(who);
    if (p.inbox.empty())
      return;
    const auto n = p.inbox.front();
    p.inbox.pop_front();
    serve(who, n.what == kind::grant ? p.account.granted(n.count) : p.account.recalled(n.count));
  }

  void pass(std::chrono::nanoseconds time) {
    const auto due = limiter_.refill_at();
    now_ += time;
    if (due && *due <= now_)
      deliver(limiter_.refilled(now_));
  }
  void change_rate(const rate& to) {
    deliver(limiter_.set_rate(to, now_));
    count_from_now(to);
  }
  void count_from_now(const std::optional<rate>& allowed) {
    granted_ = 0;
    counted_since_ = now_;
    if (allowed) {
      interval_ = allowed->period / static_cast<std::int64_t>(allowed->count);
      burst_ = allowed->burst;
    }
  }

  void check() {
    std::size_t used = 0, sum = 0;
    for (auto& [who, p] : peers_) {
      demand(p.alive || limiter_.lent_to(who) == 0, "a dead holder has tokens");
      demand(p.account.used() <= p.account.held(), "more is used than held");
      demand(p.account.held() <= limiter_.lent_to(who), "more is held than lent");
      used += p.account.used();
      sum += limiter_.lent_to(who);
    }
    demand(sum == limiter_.lent(), "what is lent is not what the holders have");
    demand(used <= limiter_.lent(), "more is used than lent");
    if (where_.allowed)
      demand(granted_ <= burst_ + static_cast<std::size_t>((now_ - counted_since_) / interval_),
             "beyond the rate");
  }

  /// All messages arrive, all work ends: then nobody waits, and all tokens are home.
  void settle() {
    deliver(limiter_.resize(std::max<std::size_t>(2, where_.weight), now_));
    for (int round = 0; busy(); ++round) {
      demand(round < 5000, "somebody waits for ever");
      for (auto& [who, p] : peers_)
        if (p.alive) {
          while (!p.inbox.empty())
            receive(who);
          finish(who);
          check();
        }
      refill();
    }
    // What is granted for work that has been done already goes back as well.
    for (int round = 0; round == 0 || refill(); ++round) {
      demand(round < 5000, "it never comes to rest");
      for (auto& [who, p] : peers_)
        while (p.alive && !p.inbox.empty())
          receive(who);
      for (auto& [who, p] : peers_)
        if (p.alive)
          serve(who, p.account.put_idle());
    }
    check();
    demand(limiter_.lent() == 0, "a token has not come home");
  }
  /// Waits for the bucket. False: nobody does, and all messages have arrived.
  bool refill() {
    if (const auto due = limiter_.refill_at())
      pass(std::max(*due - now_, clock::duration{0}));
    return limiter_.refill_at() || std::any_of(peers_.begin(), peers_.end(), [](const auto& each) {
             return !each.second.inbox.empty();
           });
  }
  bool busy() const {
    return std::any_of(peers_.begin(), peers_.end(), [](const auto& each) {
      const auto& p = each.second;
      return p.alive && (!p.waiting.empty() || !p.working.empty() || !p.inbox.empty());
    });
  }

  setting where_;
  Limiter limiter_;
  std::map<holder_id, peer> peers_;
  time_point now_{1h};
  time_point counted_since_{};
  std::chrono::nanoseconds interval_{1};
  std::size_t granted_ = 0, burst_ = 0;
};

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

} // namespace

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

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
