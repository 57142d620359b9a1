/// Plays the part of a supervisor's children: does what the rules say, and writes it down.
///
///     +a  started      ?a  asked to end     !a  killed      ~a  left behind
///     *   all started  [why]  gave up       .   over
#pragma once

#include "services/supervision.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace test {

namespace ta = taskactor;
using namespace std::chrono_literals;
using ta::detail::exit_kind;
using ta::detail::step;
using ta::detail::supervised_child;
using ta::detail::supervision;

class play {
public:
  play(ta::restart_strategy how, std::vector<supervised_child> children, ta::restart_limit limit = {1000, 1h},
       std::chrono::nanoseconds chance = {})
      : rules(
          how, limit, [chance](std::chrono::nanoseconds most) { return std::min(chance, most); },
          std::move(children)) {}

  supervision rules;
  ta::detail::time_point now{1h};
  /// A child that is asked ends at once, and one that is killed, too.
  bool obedient = true, mortal = true;
  std::string reports; // "a failed: boom (2 s); "

  play& begin() { return run(rules.begin(now)); }
  play& ready(char which) { return run(rules.ready(index(which), runs(which), now)); }
  play& down(char which, exit_kind how, const std::string& why = "boom") {
    return run(rules.down(index(which), runs(which), how, why, now));
  }
  play& fails(char which) { return down(which, exit_kind::failed); }
  play& renew(char which) { return run(rules.renew(index(which), now)); }
  play& stop() { return run(rules.stop(now)); }
  play& advance(std::chrono::nanoseconds duration) {
    const auto until = now + duration;
    for (auto due = rules.due(); due && *due <= until; due = rules.due()) {
      now = std::max(now, *due);
      run(rules.time_passed(now));
    }
    now = until;
    return *this;
  }
  /// What has been done since the last call.
  std::string done() { return std::exchange(trace_, {}); }
  ta::service_state state(char which) const { return rules.at(index(which)).state; }
  std::size_t index(char which) const {
    for (std::size_t i = 0; i < rules.size(); ++i)
      if (rules.at(i).name == std::string{which})
        return i;
    throw std::logic_error{"no such child"};
  }
  std::uint64_t runs(char which) const { return rules.at(index(which)).run; }

private:
  play& run(std::vector<step> steps) {
    std::deque<step> todo(std::make_move_iterator(steps.begin()), std::make_move_iterator(steps.end()));
    while (!todo.empty()) {
      const auto next = std::move(todo.front());
      todo.pop_front();
      for (auto& more : follow(next))
        todo.push_back(std::move(more));
    }
    return *this;
  }
  std::vector<step> follow(const step& what) {
    if (what.what == step::kind::all_started || what.what == step::kind::gave_up
        || what.what == step::kind::over) {
      trace_ += what.what == step::kind::all_started ? "* "
                : what.what == step::kind::over      ? ". "
                                                     : '[' + what.text + "] ";
      return {};
    }
    const auto& child = rules.at(what.child);
    switch (what.what) {
    case step::kind::start:
      trace_ += '+' + child.name + ' ';
      return rules.spawned(what.child, child.run, now);
    case step::kind::ask:
      trace_ += '?' + child.name + ' ';
      return obedient ? rules.down(what.child, child.run, exit_kind::shutdown, "asked", now)
                      : std::vector<step>{};
    case step::kind::kill:
      trace_ += '!' + child.name + ' ';
      return mortal ? rules.down(what.child, child.run, exit_kind::failed, "killed", now)
                    : std::vector<step>{};
    case step::kind::left_behind:
      trace_ += '~' + child.name + ' ';
      break;
    case step::kind::ended:
    case step::kind::failed:
      reports += child.name + (what.what == step::kind::failed ? " failed: " : " ended: ") + what.text + " ("
                 + ta::detail::to_text(what.time) + "); ";
      break;
    case step::kind::restarting:
      reports += child.name + ' ' + what.text + "; ";
      break;
    default:
      break;
    }
    return {};
  }

  std::string trace_;
};

inline supervised_child child(char name, ta::restart_policy policy = ta::restart_policy::permanent) {
  supervised_child result;
  result.name = std::string{name};
  result.policy = policy;
  result.stop_within = 5s;
  return result;
}

/// Permanent ones, of these names.
inline std::vector<supervised_child> children(const std::string& names) {
  std::vector<supervised_child> result;
  for (const char name : names)
    result.push_back(child(name));
  return result;
}

} // namespace test
