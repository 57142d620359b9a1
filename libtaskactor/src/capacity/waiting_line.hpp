/// Who waits at a limiter, and who is next: fair shares, priorities with aging, first come first served. No
/// actor in it; the manager's alone.
///
///     share "" ----- 0: [a b]  4: [c]          next: of the share that has had the least,
///     share "tenant" 4: [d e f]                      the task whose key is least
///
/// A task's key is the time since which it waits, later by `aging` for each level of its priority: waiting
/// that long is worth a level. The key doesn't change, so nothing is ever sorted again: the heads of ten
/// lists are compared. Without aging the level alone decides.
///
/// Shares are served by start-time fair queuing: what a share has been given is counted in tokens, and one
/// that comes back after a pause starts from where the others are. Source: P. Goyal, H. Vin, H. Cheng,
/// "Start-time fair queuing", SIGCOMM 1996.
#pragma once

#include "base/fifo.hpp"

#include <taskactor/detail/record.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

namespace taskactor::detail {

/// One submitter's waiting tasks.
class waiting_share {
public:
  void push(ref<record> task) noexcept;
  record* next(std::chrono::nanoseconds aging) noexcept;
  ref<record> remove(record& task) noexcept;
  std::size_t size() const noexcept { return size_; }

  std::uint64_t had = 0;   // tokens
  std::uint64_t order = 0; // of shares that have had the same

private:
  std::array<fifo<record>, lowest_priority + 1> levels_;
  std::uint16_t filled_ = 0; // a bit for each level that may have a task
  std::size_t size_ = 0;
};

class waiting_line {
public:
  explicit waiting_line(std::chrono::nanoseconds aging = {}) noexcept : aging_(aging) {}

  void push(ref<record> task, std::size_t tokens);
  /// Who is to be served, or null. Stays the same until something is pushed, taken or removed.
  record* next() noexcept;
  /// Serves one: its share has had so many tokens more.
  ref<record> take(record& task, std::size_t tokens);
  /// It has ended while it waited. Empty when it isn't here.
  ref<record> remove(record& task, std::size_t tokens);

  std::size_t size() const noexcept { return size_; }
  /// What all of them want together.
  std::size_t tokens() const noexcept { return tokens_; }

private:
  using turn = std::tuple<std::uint64_t, std::uint64_t, waiting_share*>;

  waiting_share& share_of(const record& task);
  waiting_share* first() noexcept;
  ref<record> take_out(record& task, std::size_t tokens, std::size_t had);
  void forget_shares();

  std::chrono::nanoseconds aging_;
  waiting_share common_; // who names no share
  std::unordered_map<std::string, waiting_share> shares_;
  std::set<turn> turns_;    // of the named shares that have a task
  std::uint64_t floor_ = 0; // what the share that was served last had had
  std::uint64_t orders_ = 0;
  std::size_t size_ = 0, tokens_ = 0;
};

} // namespace taskactor::detail
