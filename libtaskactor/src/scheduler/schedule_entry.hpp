/// One schedule, as its scheduler has it: under that one's lock, but for what never changes.
#pragma once

#include "scheduler/due_fires.hpp"

#include <taskactor/detail/record.hpp>
#include <taskactor/detail/schedule_body.hpp>
#include <taskactor/schedule/schedule_options.hpp>
#include <taskactor/schedule/trigger.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::detail {

/// What is to be destroyed without a lock, by who may run users' code. To add one takes no memory.
class gone_bodies {
public:
  gone_bodies() = default;
  gone_bodies(const gone_bodies&) = delete;
  gone_bodies& operator=(const gone_bodies&) = delete;
  ~gone_bodies() { destroy(); }
  void add(std::shared_ptr<schedule_body> one) noexcept {
    if (one)
      one->behind = std::exchange(first_, one);
  }
  void add(gone_bodies& others) noexcept {
    while (others.first_)
      add(others.take());
  }
  bool empty() const noexcept { return first_ == nullptr; }
  void destroy() noexcept {
    while (first_)
      take();
  }

private:
  std::shared_ptr<schedule_body> take() noexcept {
    auto one = std::move(first_);
    first_ = std::move(one->behind);
    return one;
  }

  std::shared_ptr<schedule_body> first_;
};

struct schedule_entry;

/// When each is due, and of those that are due together which was added first. An entry that isn't in it has
/// its place with it, so that it enters without memory.
using due_schedules = std::map<std::pair<fire_time, std::uint64_t>, schedule_entry*>;

/// A fire that is to be begun.
struct wanted_fire {
  std::optional<fire> at{}; ///< none: `run_now`
};

struct schedule_entry : std::enable_shared_from_this<schedule_entry> {
  schedule_entry(std::string called, const trigger& by, std::uint64_t in_order)
      : name(std::move(called)), order(in_order), when(by) {
    due_schedules made{{{{}, order}, this}};
    place = made.extract(made.begin());
  }

  const std::string name;
  const std::uint64_t order;
  due_schedules::node_type place{};
  schedule_options options{}; ///< constant once it is added
  trigger when;
  std::shared_ptr<schedule_body> body{}; ///< null: it has ended, or is about to be
  next_fire next{};
  fire_time passed{}; ///< no nominal time up to here is fired any more
  std::optional<fire_time> last{};
  bool paused = false, ended = false;
  bool held = false; ///< what waits couldn't begin, for want of room in the manager
  std::optional<wanted_fire> waiting{};
  struct run {
    std::uint64_t number;
    ref<record> task;
    bool asked_to_end;
  };
  std::vector<run> running{};
  std::uint64_t numbers = 0;
  schedule_counts counts{};

  /// Another one may begin.
  bool overlap_is_free() const noexcept {
    return running.size() < options.max_instances || options.overlap == overlap_policy::allow;
  }
  late_rules rules() const;
  schedule_info info() const;
};

/// Errors: throws `error{errc::invalid_argument}`, naming the field.
void check(const schedule_options& options, const schedule_body& body);
/// The trigger with this jitter, if there is one. Errors: the same.
trigger jittered(const trigger& when, const std::optional<time_span>& jitter);

} // namespace taskactor::detail
