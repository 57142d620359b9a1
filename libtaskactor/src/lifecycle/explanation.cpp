#include "lifecycle/manager_core.hpp"
#include "lifecycle/predecessors.hpp"
#include "lifecycle/status.hpp"
#include "lifecycle/task_extras.hpp"

#include "capacity/named_limiter.hpp"
#include <taskactor/explanation.hpp>
#include <taskactor/task_options.hpp>

#include <algorithm>

namespace taskactor {

namespace {

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

/// Of many ids the first ones.
std::string few(const std::vector<std::string>& ids) {
  constexpr std::size_t named = 4;
  std::vector<std::string> words;
  for (std::size_t i = 0; i < std::min(named, ids.size()); ++i)
    words.push_back('"' + ids[i] + '"');
  if (ids.size() > named)
    words.push_back(std::to_string(ids.size() - named) + " others");
  return list(words);
}

/// To three digits: for people.
std::string rounded(std::chrono::nanoseconds duration) {
  std::int64_t unit = 1;
  while (duration.count() / unit >= 1000)
    unit *= 10;
  return detail::to_text(std::chrono::nanoseconds{duration.count() / unit * unit});
}

std::string what(const wait_info& wait) {
  std::string text = wait.limiter.empty() ? "the manager's capacity"
                     : wait.rate          ? "the rate of \"" + wait.limiter + '"'
                                          : '"' + wait.limiter + '"';
  if (wait.tokens != 1)
    text = std::to_string(wait.tokens) + " tokens of " + text;
  if (!wait.holders.empty())
    text += ", held by " + list(wait.holders);
  if (wait.alone)
    text += ", more than there are: it is served when nobody else has any";
  return text;
}

} // namespace

std::string explanation::text() const { return task.id + ": " + why(); }

std::string explanation::why() const {
  std::string line;
  if (task.state == state::queued) {
    if (next_attempt_in)
      return line + "attempt " + std::to_string(task.attempt) + " begins in " + rounded(*next_attempt_in)
             + (task.attempts.empty() ? "" : "; " + task.attempts.back().error);
    line += !after.empty()       ? "waits for the end of " + few(after)
            : waits_for_replaced ? "waits for the end of the task that it replaces"
                                 : "waits";
  } else {
    line += is_final(task.state) && !task.error.empty() ? task.error : std::string{to_string(task.state)};
    if (ran.count() != 0)
      line += (is_final(task.state) ? " after " : " since ") + rounded(ran);
    if (task.attempt > 1)
      line += " (attempt " + std::to_string(task.attempt) + ')';
  }
  bool first = true;
  for (const auto& wait : waits) {
    if (!wait.now && wait.waited.count() == 0)
      continue;
    const char* verb = wait.now ? "since " : first ? "waited " : "";
    line += first ? (wait.now ? ": " : "; ") : (wait.now ? "; now " : "; then ");
    line += verb + rounded(wait.waited) + " for " + what(wait);
    first = false;
  }
  return task.overrun ? line + "; its work still runs" : line;
}

namespace detail {

std::optional<explanation> explain(manager_core& home, std::string_view id) {
  const auto task = find_record(home, id);
  if (!task)
    return {};
  const auto now = home.now();
  explanation result;
  result.task = task->info();
  if (result.task.id != id)
    return {}; // an item of a gather, which has ended meanwhile
  const bool started = result.task.started != time_point{} && result.task.state != state::queued;
  const bool over = is_final(result.task.state);
  if (started)
    result.ran = (over ? result.task.ended : now) - result.task.started;
  auto since = result.task.submitted;
  bool waits_at_limiter = false;
  bool held = false;
  if (task->extras) {
    const std::lock_guard lock{task->extras->mutex};
    if (task->extras->next_attempt != time_point{})
      result.next_attempt_in = std::max(std::chrono::nanoseconds{0}, task->extras->next_attempt - now);
    result.waits_for_replaced = task->extras->waits_for_replaced;
    held = task->extras->held;
    if (held && !over && task->extras->waits_for)
      result.after = task->extras->waits_for->awaited();
    since = std::max(since, task->extras->lined_up);
    for (const auto& fact : task->extras->waits) {
      const bool open = fact.until == time_point{};
      const auto until = !open ? fact.until : over ? result.task.ended : now;
      const auto most = fact.limiter->capacity.load();
      result.waits.push_back({fact.limiter->name, fact.limiter->has_rate, fact.tokens, until - fact.since,
                              open && !over, fact.holders, open && !over && most != 0 && fact.tokens > most});
      waits_at_limiter = waits_at_limiter || open;
      since = until;
    }
    if (!started && !over && task->extras->waits.size() < task->extras->needs.size())
      waits_at_limiter = true; // or is on its way there
  }
  if (!waits_at_limiter && !result.next_attempt_in && !result.waits_for_replaced && !held) {
    const auto until = started ? result.task.started : over ? result.task.ended : now;
    result.waits.push_back({{}, false, 1, std::max(until, since) - since, !started && !over, {}, false});
  }
  return result;
}

} // namespace detail
} // namespace taskactor
