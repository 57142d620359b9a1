/// A limiter and those who hold its tokens, without actors, to interleave step by step: see
/// tests/capacity/limiter_properties.cpp.
#pragma once

#include "capacity/limiter.hpp"
#include "capacity/token_account.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace limiter_test {

using namespace taskactor::detail;
using namespace std::chrono_literals;
using taskactor::rate;
using kind = limiter::notice::kind;

enum class act : std::uint8_t { resize, change_rate, die, work, finish, give_up, withdraw, receive, wait };
inline constexpr const char* names[]
    = {"resize", "change rate", "die", "work", "finish", "give up", "withdraw", "receive", "wait"};

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

inline steps random_steps(std::mt19937& random, const setting& where) {
  // Changes and deaths are rare, so that there is time for something to happen in between.
  constexpr act often[] = {act::work,    act::work,    act::work,    act::finish,   act::finish,
                           act::finish,  act::give_up, act::give_up, act::withdraw, act::receive,
                           act::receive, act::receive, act::receive, act::wait,     act::wait};
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
inline void demand(bool holds, const char* how) {
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
    check_rate();
    settle();
    check_rate();
  }

private:
  struct piece {
    unsigned weight;
    std::uint64_t seen;                 // the newest token when it began
    std::vector<std::uint64_t> numbers; // its tokens
  };
  struct peer {
    explicit peer(bool once) : account(once) {}
    token_account account;
    std::deque<limiter::notice> inbox;
    std::deque<unsigned> waiting; // weights
    std::deque<piece> working;
    std::deque<std::uint64_t> idle; // tokens' numbers
    std::uint64_t seen = 0;
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
      serve(next.who);
      break;
    case act::finish:
      finish(next.who);
      break;
    case act::give_up:
      give_up(next.who);
      break;
    case act::withdraw:
      if (!p.waiting.empty())
        p.waiting.pop_back();
      serve(next.who);
      break;
    default:
      receive(next.who);
    }
  }

  void deliver(const limiter::notices& all) {
    for (const auto& n : all) {
      for (auto number = n.last - (n.what == kind::grant ? n.count : 0); number < n.last; ++number)
        taken_[number + 1] = now_;
      peers_.at(n.holder).inbox.push_back(n);
    }
  }
  void release(holder_id who, std::size_t count) {
    if (count != 0)
      deliver(limiter_.release(who, count, now_));
  }
  /// Idle tokens; with a rate they count as never taken.
  void give_back_idle(holder_id who, std::size_t count) {
    auto& p = peers_.at(who);
    for (std::size_t i = 0; i < count && !p.idle.empty(); ++i) {
      taken_.erase(p.idle.back());
      p.idle.pop_back();
    }
    if (count != 0 && where_.allowed)
      deliver(limiter_.give_back(who, count, p.seen, now_));
    else
      release(who, count);
  }
  /// As a holder does: gives back, begins what it can, asks for what it lacks.
  void serve(holder_id who) {
    auto& p = peers_.at(who);
    while (!p.waiting.empty() && p.account.take(p.waiting.front())) {
      p.working.push_back({p.waiting.front(), p.seen, {}});
      for (unsigned i = 0; i < p.waiting.front() && !p.idle.empty(); ++i) {
        p.working.back().numbers.push_back(p.idle.front());
        p.idle.pop_front();
      }
      p.waiting.pop_front();
    }
    if (p.waiting.empty() && where_.allowed)
      give_back_idle(who, p.account.put_idle());
    std::size_t lacking = 0;
    for (const auto weight : p.waiting) {
      lacking += weight;
      if (where_.allowed)
        break; // those of a rate are fetched for one at a time
    }
    if (const auto count = p.account.ask(lacking))
      deliver(limiter_.acquire(who, count, now_));
  }
  void finish(holder_id who) {
    auto& p = peers_.at(who);
    if (p.working.empty())
      return;
    const auto weight = p.working.front().weight;
    p.working.pop_front();
    release(who, p.account.put(weight));
    serve(who);
  }
  /// A piece of work that has its tokens never begins.
  void give_up(holder_id who) {
    auto& p = peers_.at(who);
    if (p.working.empty())
      return;
    const auto which = p.working.begin() + static_cast<std::ptrdiff_t>(p.working.size() / 2);
    const auto dropped = *which;
    p.working.erase(which);
    if (!where_.allowed) {
      p.idle.insert(p.idle.end(), dropped.numbers.begin(), dropped.numbers.end());
      give_back_idle(who, p.account.put_unused(dropped.weight));
    } else {
      for (const auto number : dropped.numbers)
        taken_.erase(number);
      deliver(limiter_.give_back(who, p.account.put(dropped.weight), dropped.seen, now_));
    }
    serve(who);
  }
  void receive(holder_id who) {
    auto& p = peers_.at(who);
    if (p.inbox.empty())
      return;
    const auto n = p.inbox.front();
    p.inbox.pop_front();
    if (n.what == kind::grant) {
      p.seen = n.last;
      for (auto number = n.last - n.count; number < n.last; ++number)
        p.idle.push_back(number + 1);
      give_back_idle(who, p.account.granted(n.count));
    } else {
      give_back_idle(who, p.account.recalled(n.count));
    }
    serve(who);
  }

  void pass(std::chrono::nanoseconds time) {
    const auto due = limiter_.refill_at();
    now_ += time;
    if (due && *due <= now_)
      deliver(limiter_.refilled(now_));
  }
  void change_rate(const rate& to) {
    check_rate();
    deliver(limiter_.set_rate(to, now_));
    count_from_now(to);
  }
  void count_from_now(const std::optional<rate>& allowed) {
    taken_.clear();
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
  }
  /// In every stretch of time, of what has run and what runs.
  void check_rate() {
    if (!where_.allowed)
      return;
    std::vector<time_point> times;
    for (const auto& [number, at] : taken_)
      times.push_back(at);
    for (std::size_t i = 0; i < times.size(); ++i)
      for (std::size_t j = i; j < times.size(); ++j)
        demand(j - i + 1 <= burst_ + static_cast<std::size_t>((times[j] - times[i]) / interval_),
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
        if (p.alive) {
          give_back_idle(who, p.account.put_idle());
          serve(who);
        }
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
  std::map<std::uint64_t, time_point> taken_; // by number: tokens since the rate was set, but for the unused
  std::chrono::nanoseconds interval_{1};
  std::size_t burst_ = 0;
};

} // namespace limiter_test
