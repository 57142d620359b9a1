/// The schedules of a store in memory. See stored_schedule.hpp.
///
/// Threads: none.
#pragma once

#include "queue/memory_tables.hpp"
#include "queue/stored_schedule.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::detail {

class memory_schedules {
public:
  /// Its jobs are the caller's business. False: the row has another stamp.
  bool write(const schedule_write& write);
  /// `tables`: where the open jobs have their keys.
  schedule_page page(const schedule_query& which, const memory_tables& tables, store_time now) const;
  /// Each invariant that doesn't hold, in words.
  void check(std::vector<std::string>& faults) const;

private:
  void put(const schedule_row& row);
  void drop(const std::string& name);
  std::vector<const schedule_row*> find(const schedule_query& which, store_time now) const;

  std::map<std::string, schedule_row> rows_;
  std::set<std::pair<store_time, std::string>> due_; // of those that have a time
};

} // namespace taskactor::detail
