/// Named limiters: what a user's limiter allows, and what a task takes of it.
///
///     tasks.add_limiter("db", {.capacity = 10});                                  // ten at once
///     tasks.add_limiter("mail", {.rate = ta::rate{.count = 100, .period = 1min}}); // a hundred a minute
///     tasks.add_task({.limits = {{"db", 2}, {"mail"}}, .priority = 2}, send, letter);
///     auto permit = co_await ta::acquire("db");                                   // for a part of a body
///
/// A task that names limiters waits for them before it waits for its token of the manager's capacity, one
/// after the other in the order of their names, whatever order it names them in: no two tasks can wait for
/// each other. Those tokens come back when nothing of it runs any more. They are not lent back while it waits
/// for children.
///
/// Who is next at a limiter, and at the manager's capacity: the fairness key that has had the least, among
/// its tasks the highest priority, among these the one that waits longest. Waiting raises the priority
/// (`manager_options::priority_aging`). The next one is waited for, however many tokens it takes: lighter
/// ones don't overtake it, so that it isn't starved. One that needs more tokens than a limiter has since it
/// was made smaller is served alone, with all of them, when nobody else has any.
#pragma once

#include <taskactor/expected.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace taskactor {

/// So many in each stretch of time, evenly, after up to `burst` at once (a token bucket of that size).
struct rate {
  std::size_t count = 1;
  time_span period = std::chrono::seconds{1};
  std::size_t burst = 1;
};

/// What a limiter allows. At least one of the two must be set.
struct limiter_options {
  /// Tokens that are out at once; unset: any number. Zero: none for now.
  std::optional<std::size_t> capacity{};
  /// How often a token may be taken; unset: any time.
  std::optional<taskactor::rate> rate{};
};

/// A limiter by name, and how many of its tokens are taken at once.
struct limit {
  limit(const char* limiter, std::size_t count = 1) : name(limiter), tokens(count) {}            // NOLINT
  limit(std::string limiter, std::size_t count = 1) : name(std::move(limiter)), tokens(count) {} // NOLINT

  std::string name;
  std::size_t tokens;
};

/// Zero is served first, nine last.
inline constexpr int highest_priority = 0, default_priority = 4, lowest_priority = 9;

namespace detail {
std::optional<rejection> validate(const std::string& name, const limiter_options& options);
} // namespace detail

} // namespace taskactor
