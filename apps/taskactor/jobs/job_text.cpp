#include "jobs/job_text.hpp"

#include "cli/quantity.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"

#include <taskactor/detail/visible_text.hpp>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

namespace taskactor::cli {

namespace {

using nlohmann::ordered_json;

std::string_view word_for(job_kind kind) noexcept { return kind == job_kind::task ? "task" : "command"; }

std::tm broken_down(store_time at, bool local) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  const auto time = static_cast<std::time_t>(seconds);
  std::tm made{};
  if (local)
    ::localtime_r(&time, &made);
  else
    ::gmtime_r(&time, &made);
  return made;
}

void set_time(ordered_json& into, const char* name, const std::optional<store_time>& at) {
  if (at)
    into[name] = utc_text(*at);
}

double seconds(std::chrono::nanoseconds span) { return std::chrono::duration<double>(span).count(); }

ordered_json attempt_json(const job_attempt& each) {
  ordered_json made{{"number", each.number}, {"end", each.end}};
  set_text(made, "runner", each.runner);
  made["began"] = utc_text(each.began);
  made["ended"] = utc_text(each.ended);
  set_text(made, "error", each.error);
  return made;
}

ordered_json job_limit_json(const job_limit& each) {
  return {{"name", each.name}, {"key", each.key}, {"tokens", each.tokens}};
}

template <class T>
ordered_json array_of(const std::vector<T>& all, ordered_json (*to_json)(const T&)) {
  auto made = ordered_json::array();
  for (const auto& each : all)
    made.push_back(to_json(each));
  return made;
}

/// As it is, if it is JSON.
void set_json(ordered_json& into, const std::string& name, const std::string& text) {
  auto value = ordered_json::parse(text, nullptr, false);
  if (value.is_discarded())
    set_text(into, name, text);
  else
    into[name] = std::move(value);
}

std::string span(store_time from, store_time to) {
  return cli::to_text(std::max<std::chrono::nanoseconds>(to - from, std::chrono::nanoseconds{0}));
}

/// What its time has to do with now.
std::string since(const job_info& what, store_time now) {
  if (what.ended)
    return span(*what.ended, now) + " ago";
  if (what.state == job_state::running && what.began)
    return "for " + span(*what.began, now);
  if (what.state == job_state::delayed && what.due)
    return *what.due > now ? "in " + span(now, *what.due) : "now";
  return "waits " + span(what.pushed, now);
}

std::string parents_text(const std::vector<job_parent_info>& parents) {
  constexpr std::size_t most = 20; // the rest is counted
  std::string made;
  for (std::size_t i = 0; i < std::min(most, parents.size()); ++i) {
    const auto& each = parents[i];
    made += (i == 0 ? "job " : ", ") + std::to_string(each.id) + (each.over ? " (over)" : "");
    if (each.on_failure != on_failure::cancel)
      made += ", on failure " + std::string{to_string(each.on_failure)};
  }
  if (parents.size() > most)
    made += " and " + std::to_string(parents.size() - most) + " more";
  return made;
}

ordered_json parent_json(const job_parent_info& each) {
  return {{"id", each.id}, {"on_failure", to_string(each.on_failure)}, {"over", each.over}};
}

std::string progress_text(const job_info& what) {
  std::string made;
  if (what.progress_total != 0)
    made = std::to_string(what.progress_done) + '/' + std::to_string(what.progress_total);
  else if (what.progress_done != 0)
    made = std::to_string(what.progress_done);
  if (!what.progress_text.empty())
    made += (made.empty() ? "" : " ") + what.progress_text;
  return made;
}

std::string note_of(const job_info& what) {
  if (!is_final(what.state) && what.cancel_requested)
    return "is to be cancelled";
  if (what.state == job_state::running)
    if (auto progress = progress_text(what); !progress.empty())
      return progress;
  return what.error;
}

class facts {
public:
  void add(std::string_view name, std::string_view value) {
    constexpr std::size_t width = 12;
    if (value.empty())
      return;
    std::string line{name};
    line += ':';
    line.resize(std::max(width, line.size() + 1), ' ');
    text_ += line + detail::visible(value) + '\n';
  }
  void add(std::string_view name, const std::optional<store_time>& at) {
    if (at)
      add(name, local_text(*at));
  }
  void add_count(std::string_view name, std::size_t count) {
    if (count != 0)
      add(name, std::to_string(count));
  }
  std::string take() { return std::move(text_); }

private:
  std::string text_;
};

} // namespace

std::string utc_text(store_time at) {
  const auto made = broken_down(at, false);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
      at - std::chrono::floor<std::chrono::seconds>(at));
  char text[64];
  const auto size = std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06lldZ",
                                  made.tm_year + 1900, made.tm_mon + 1, made.tm_mday, made.tm_hour,
                                  made.tm_min, made.tm_sec, static_cast<long long>(micros.count()));
  return {text, static_cast<std::size_t>(size)};
}

std::string local_text(store_time at) {
  const auto made = broken_down(at, true);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &made)};
}

void set_text(ordered_json& into, const std::string& name, std::string_view text) {
  into[name] = text;
  if (!is_utf8(text)) {
    into[name] = detail::visible(text);
    into[name + "_base64"] = base64(text);
  }
}

ordered_json json_of(const job_info& what) {
  ordered_json made{{"id", what.id}, {"state", to_string(what.state)}, {"kind", word_for(what.kind)}};
  set_text(made, "queue", what.queue);
  set_text(made, "task", what.task);
  made["priority"] = what.priority;
  if (!what.fairness_key.empty())
    set_text(made, "fairness_key", what.fairness_key);
  made["tags"] = ordered_json::array();
  for (const auto& each : what.tags)
    made["tags"].push_back(is_utf8(each) ? each : detail::visible(each));
  made["pushed"] = utc_text(what.pushed);
  set_time(made, "due", what.due);
  set_time(made, "expires", what.expires);
  set_time(made, "began", what.began);
  set_time(made, "ended", what.ended);
  set_time(made, "kept_until", what.kept_until);
  made["attempts"] = what.attempts;
  made["losses"] = what.losses;
  made["snoozes"] = what.snoozes;
  set_text(made, "runner", what.runner);
  made["cancel_requested"] = what.cancel_requested;
  set_text(made, "error", what.error);
  if (what.progress_done != 0 || what.progress_total != 0 || !what.progress_text.empty()) {
    made["progress"] = {{"done", what.progress_done}, {"total", what.progress_total}};
    set_text(made["progress"], "text", what.progress_text);
  }
  return made;
}

ordered_json json_of(const job_details& what) {
  auto made = json_of(what.info);
  set_json(made, "arguments", what.arguments);
  if (what.info.state == job_state::succeeded)
    set_json(made, "result", what.result);
  made["failed_attempts"] = array_of(what.attempts, attempt_json);
  made["limits"] = array_of(what.limits, job_limit_json);
  made["parents"] = array_of(what.parents, parent_json);
  if (what.timeout)
    made["timeout"] = seconds(*what.timeout);
  made["max_attempts"] = what.retry.max_attempts;
  if (!what.trace.empty())
    set_text(made, "trace", what.trace);
  if (!what.version.empty())
    set_text(made, "version", what.version);
  made["output_lost"] = what.output_lost;
  set_text(made, "output", what.output);
  return made;
}

std::string text_of(const std::vector<job_info>& jobs, store_time now, std::size_t width) {
  std::vector<std::vector<std::string>> rows{{"ID", "STATE", "QUEUE", "TASK", "SINCE", "FAILED", "NOTE"}};
  for (const auto& each : jobs)
    rows.push_back({std::to_string(each.id), std::string{to_string(each.state)}, each.queue, each.task,
                    since(each, now), std::to_string(each.attempts), note_of(each)});
  return table(std::move(rows), width);
}

std::string arguments_text(const job_details& what) {
  if (what.info.kind == job_kind::task)
    return what.arguments;
  const auto stored = ordered_json::parse(what.arguments, nullptr, false);
  std::vector<std::string> words;
  if (stored.is_object() && stored.contains("argv") && stored["argv"].is_array())
    for (const auto& each : stored["argv"])
      words.push_back(each.is_string() ? each.get<std::string>() : each.dump());
  return words.empty() ? what.arguments : shell_quoted(words);
}

std::string text_of(const job_details& what, store_time now) {
  const auto& info = what.info;
  facts all;
  all.add("job", std::to_string(info.id));
  all.add("state", std::string{to_string(info.state)} + " (" + since(info, now) + ')');
  all.add("queue", info.queue);
  all.add(word_for(info.kind), info.kind == job_kind::task ? info.task : arguments_text(what));
  if (info.kind == job_kind::task)
    all.add("arguments", what.arguments);
  all.add("priority", std::to_string(info.priority));
  all.add("fairness", info.fairness_key);
  for (const auto& each : info.tags)
    all.add("tag", each);
  for (const auto& each : what.limits)
    all.add("limit",
            each.name + (each.key.empty() ? "" : '/' + each.key) + " x" + std::to_string(each.tokens));
  all.add("after", parents_text(what.parents));
  all.add("pushed", info.pushed);
  all.add("due", info.due);
  all.add("expires", info.expires);
  if (what.timeout)
    all.add("timeout", limit_text(*what.timeout));
  all.add("began", info.began);
  all.add("ended", info.ended);
  all.add("kept until", info.kept_until);
  all.add("runner", info.runner);
  if (!is_final(info.state) && info.cancel_requested)
    all.add("cancel", "requested");
  all.add("attempts",
          std::to_string(info.attempts) + " failed, of at most " + std::to_string(what.retry.max_attempts));
  all.add_count("losses", info.losses);
  all.add_count("snoozes", info.snoozes);
  all.add("progress", progress_text(info));
  all.add("error", info.error);
  if (info.state == job_state::succeeded && info.kind == job_kind::task)
    all.add("result", what.result);
  for (const auto& each : what.attempts)
    all.add("attempt " + std::to_string(each.number),
            each.end + ' ' + local_text(each.ended) + (each.error.empty() ? "" : ": " + each.error));
  if (!what.output.empty())
    all.add("output", size_text(what.output.size() + what.output_lost) + " (taskactor log "
                          + std::to_string(info.id) + ')');
  return all.take();
}

} // namespace taskactor::cli
