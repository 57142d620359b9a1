/// `schedule_rows`: the calls of a store that are about its schedules (`schedules_of`): see
/// stored_schedule.hpp. Made, told and refused as those of `store_core`.
#pragma once

#include "queue/stored_schedule.hpp"
#include "queue/told.hpp"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace taskactor::detail {

class store_engine;

class schedule_rows {
public:
  explicit schedule_rows(std::shared_ptr<store_engine> of) noexcept : engine_(std::move(of)) {}

  /// Replies are in the order of the writes.
  void write(std::vector<schedule_write> writes, told<std::vector<schedule_written>> tell) const;
  void find(schedule_query which, told<schedule_page> tell) const;
  /// As `store_core::watch`: when this process has written some.
  std::shared_ptr<void> watch(std::function<void()> changed) const;

private:
  std::shared_ptr<store_engine> engine_;
};

} // namespace taskactor::detail
