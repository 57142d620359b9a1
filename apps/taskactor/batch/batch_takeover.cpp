#include "batch/batch_takeover.hpp"

#include "batch/batch_lock.hpp"
#include "jobs/value_of.hpp"
#include "queue/store_core.hpp"
#include "queue/this_machine.hpp"
#include "run/opening.hpp"

#include <taskactor/detail/visible_text.hpp>

#include <ctime>
#include <exception>
#include <map>
#include <utility>
#include <vector>

namespace taskactor::cli {

namespace {

using detail::runner_row;

detail::process_identity process_of(const runner_row& row) {
  return {.host = row.host, .boot_id = row.boot_id, .pid = row.pid, .start = row.process_start};
}

bool is_of_this_machine(const runner_row& row) {
  const auto& here = detail::this_machine::get();
  return row.process_start != 0 && here.start != 0 && row.boot_id == here.boot_id && row.host == here.host;
}

std::string name_of(const runner_row& row) {
  return "process " + std::to_string(row.pid) + " on " + (row.host.empty() ? "?" : detail::visible(row.host));
}

void send(const store& in, detail::runner_beat beat) {
  value_of(detail::call_of<detail::beat_reply>(
      [&](auto tell) { detail::core_of(in)->renew(std::move(beat), std::move(tell)); }));
}

/// The other runs of a batch, as they are seen while this one waits for them.
class other_runs {
public:
  other_runs(const store& in, const std::string& batch, detail::runner_key mine)
      : store_(in), batch_(batch), mine_(std::move(mine)) {}

  /// Who may be alive; empty: nobody.
  std::string look() {
    const auto now = boot_time();
    std::vector<detail::lost_runner> lost;
    std::string unknown;
    for (const auto& row : value_of(detail::call_of<std::vector<runner_row>>(
             [&](auto tell) { detail::core_of(store_)->runners(std::move(tell)); }))) {
      if (row.runner.name != mine_.name || row.runner == mine_)
        continue;
      const auto seen = seen_.try_emplace(row.runner, sight{row.beat, now}).first->second;
      const bool is_here = is_of_this_machine(row);
      if (seen.beat != row.beat || (is_here && !detail::this_machine::is_gone(process_of(row))))
        throw bad_batch{
            "the batch " + batch_ + " is being run by " + name_of(row)
            + "; it can't be run twice at the same time. Wait for that, or name another one (--batch)"};
      if (is_here || now - seen.since >= batch_lease)
        lost.push_back({row.runner, row.beat});
      else
        unknown = name_of(row);
    }
    if (lost.empty())
      return unknown;
    value_of(detail::call_of<detail::rescue_reply>(
        [&](auto tell) { detail::core_of(store_)->rescue(std::move(lost), std::move(tell)); }));
    return look(); // whoever has beaten meanwhile isn't lost
  }

private:
  struct sight {
    std::uint64_t beat;
    std::chrono::nanoseconds since;
  };

  const store store_;
  const std::string batch_;
  const detail::runner_key mine_;
  std::map<detail::runner_key, sight> seen_;
};

} // namespace

std::chrono::nanoseconds boot_time() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

void take_over_batch(const store& in, const std::string& batch, const detail::runner_beat& mine,
                     const takeover_hooks& hooks) {
  other_runs others{in, batch, mine.runner};
  try {
    bool told = false;
    for (auto due = std::chrono::nanoseconds{0};;) {
      if (boot_time() >= due) {
        send(in, mine);
        due = boot_time() + batch_beat_interval;
      }
      const auto who = others.look();
      if (who.empty())
        return;
      if (!std::exchange(told, true))
        hooks.note("the batch " + batch + " was run by " + who + ", of which nothing else is known: waiting "
                   + std::to_string(batch_lease.count()) + " s for a sign of it");
      if (!hooks.wait())
        throw stopped_early{};
    }
  } catch (...) {
    const auto why = std::current_exception();
    auto leaves = mine;
    leaves.leaves = true;
    try {
      send(in, std::move(leaves));
    } catch (const std::exception&) { // NOLINT: it is found to be gone by who comes next
    }
    std::rethrow_exception(why);
  }
}

} // namespace taskactor::cli
