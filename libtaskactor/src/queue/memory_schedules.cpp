#include "queue/memory_schedules.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace taskactor::detail {

namespace {

/// By id.
std::vector<job_id> open_jobs(const memory_tables& tables, const std::string& schedule) {
  const auto scope = schedule_scope(schedule);
  std::vector<job_id> ids;
  for (auto at = tables.uniques.lower_bound({scope, {}});
       at != tables.uniques.end() && at->first.first == scope; ++at)
    if (!at->second.until)
      ids.push_back(at->second.job);
  std::ranges::sort(ids);
  return ids;
}

} // namespace

bool memory_schedules::write(const schedule_write& write) {
  const auto at = rows_.find(write.name);
  const auto reply = reply_to_write(write, at == rows_.end() ? 0 : at->second.stamp);
  if (reply == write_reply::write) {
    drop(write.name);
    if (write.to)
      put(*write.to);
  }
  return reply != write_reply::other;
}

void memory_schedules::put(const schedule_row& row) {
  rows_.emplace(row.name, row);
  if (row.due)
    due_.emplace(*row.due, row.name);
}

void memory_schedules::drop(const std::string& name) {
  const auto at = rows_.find(name);
  if (at == rows_.end())
    return;
  if (at->second.due)
    due_.erase({*at->second.due, name});
  rows_.erase(at);
}

std::vector<const schedule_row*> memory_schedules::find(const schedule_query& which, store_time now) const {
  std::vector<const schedule_row*> found;
  if (!which.names.empty()) {
    const std::set<std::string> names(which.names.begin(), which.names.end());
    for (const auto& name : names)
      if (const auto at = rows_.find(name); at != rows_.end() && found.size() < which.most)
        found.push_back(&at->second);
  } else if (which.due) {
    for (auto at = which.behind ? due_.upper_bound(*which.behind) : due_.begin();
         at != due_.end() && at->first <= now && found.size() < which.most; ++at)
      found.push_back(&rows_.at(at->second));
  } else {
    for (auto at = rows_.upper_bound(which.after); at != rows_.end() && found.size() < which.most; ++at)
      found.push_back(&at->second);
  }
  return found;
}

schedule_page memory_schedules::page(const schedule_query& which, const memory_tables& tables,
                                     store_time now) const {
  schedule_page page{.found = {}, .now = now, .next_due = {}};
  for (const auto* row : find(which, now))
    page.found.push_back({.row = *row, .open = open_jobs(tables, row->name)});
  const auto last = last_due(page, which);
  if (const auto next = last ? due_.upper_bound(*last) : due_.begin(); next != due_.end())
    page.next_due = next->first;
  return page;
}

void memory_schedules::check(std::vector<std::string>& faults) const {
  std::size_t timed = 0;
  for (const auto& [name, row] : rows_) {
    timed += row.due ? 1 : 0;
    if (row.stamp == 0)
      faults.push_back("schedule " + name + " has no stamp");
    if (!nlohmann::json::accept(row.spec) || !nlohmann::json::accept(row.state))
      faults.push_back("schedule " + name + " says what isn't JSON");
    if (row.due && !due_.contains({*row.due, name}))
      faults.push_back("schedule " + name + " would never be due");
  }
  if (timed != due_.size())
    faults.emplace_back("times that no schedule has");
}

} // namespace taskactor::detail
