#include "job_scheduler/schedule_form.hpp"

#include "base/invalid.hpp"
#include "queue/store_text.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

namespace taskactor::detail {

namespace {

using nlohmann::json;

/// Of the texts: a later one says more, and is refused.
constexpr int form_version = 1;

template <class Enum, std::size_t Count>
using enum_words = std::array<std::pair<Enum, std::string_view>, Count>;

constexpr enum_words<overlap_policy, 4> overlaps{{{overlap_policy::skip, "skip"},
                                                  {overlap_policy::queue_one, "queue_one"},
                                                  {overlap_policy::cancel_old, "cancel_old"},
                                                  {overlap_policy::allow, "allow"}}};
constexpr enum_words<missed_policy, 3> misses{
    {{missed_policy::latest, "latest"}, {missed_policy::all, "all"}, {missed_policy::none, "none"}}};
constexpr enum_words<job_kind, 2> kinds{{{job_kind::task, "task"}, {job_kind::command, "command"}}};
constexpr enum_words<no_fire, 3> reasons{
    {{no_fire::over, "over"}, {no_fire::zone_data, "zone_data"}, {no_fire::search_limit, "search_limit"}}};

template <class Enum, std::size_t Count>
std::string word_of(Enum value, const enum_words<Enum, Count>& words) {
  for (const auto& [each, word] : words)
    if (each == value)
      return std::string{word};
  throw error{errc::invalid_argument, "a schedule's policy has no such value"};
}

template <class Enum, std::size_t Count>
Enum read_word(const json& in, const enum_words<Enum, Count>& words) {
  const auto& given = in.get_ref<const std::string&>();
  for (const auto& [value, word] : words)
    if (word == given)
      return value;
  throw error{errc::store_failed, "nobody knows \"" + visible(given) + '"'};
}

// -- times: microseconds, or null -------------------------------------------

std::int64_t number_of(fire_time when) { return when.time_since_epoch().count(); }
std::int64_t number_of(std::chrono::microseconds span) { return span.count(); }
template <class T>
json maybe(const std::optional<T>& value) {
  return value ? json(number_of(*value)) : json(nullptr);
}
fire_time read_time(const json& in) { return fire_time{std::chrono::microseconds{in.get<std::int64_t>()}}; }
std::chrono::microseconds read_span(const json& in) {
  return std::chrono::microseconds{in.get<std::int64_t>()};
}
template <class Read>
auto read_maybe(const json& in, Read read) -> std::optional<decltype(read(in))> {
  if (in.is_null())
    return {};
  return read(in);
}

// -- parts ------------------------------------------------------------------

json form_of(const job_row& row) {
  auto limits = json::array();
  for (const auto& each : row.limits)
    limits.push_back({{"name", each.name}, {"key", each.key}, {"tokens", each.tokens}});
  const auto& backoff = row.retry.backoff;
  return {{"queue", row.queue},
          {"task", row.task},
          {"kind", word_of(row.kind, kinds)},
          {"arguments", row.arguments},
          {"priority", row.priority},
          {"timeout", maybe(row.timeout)},
          {"max_attempts", row.retry.max_attempts},
          {"backoff",
           {{"first_ns", backoff.first.count()},
            {"factor", backoff.factor},
            {"max_ns", backoff.max.count()},
            {"jitter_ns", backoff.jitter.count()}}},
          {"limits", limits},
          {"fairness_key", row.fairness_key},
          {"keep", number_of(row.keep)},
          {"tags", row.tags},
          {"trace", row.trace},
          {"version", row.version}};
}

job_row read_row(const json& in) {
  job_row row;
  row.queue = in.at("queue");
  row.task = in.at("task");
  row.kind = read_word(in.at("kind"), kinds);
  row.arguments = in.at("arguments");
  row.priority = in.at("priority");
  row.timeout = read_maybe(in.at("timeout"), read_span);
  row.retry.max_attempts = in.at("max_attempts");
  const auto& backoff = in.at("backoff");
  const auto nanoseconds
      = [&](const char* name) { return std::chrono::nanoseconds{backoff.at(name).get<std::int64_t>()}; };
  row.retry.backoff = {.first = nanoseconds("first_ns"),
                       .factor = backoff.at("factor"),
                       .max = nanoseconds("max_ns"),
                       .jitter = nanoseconds("jitter_ns")};
  for (const auto& each : in.at("limits"))
    row.limits.push_back({.name = each.at("name"), .key = each.at("key"), .tokens = each.at("tokens")});
  row.fairness_key = in.at("fairness_key");
  row.keep = read_span(in.at("keep"));
  row.tags = in.at("tags").get<std::vector<std::string>>();
  row.trace = in.at("trace");
  row.version = in.at("version");
  return row;
}

json form_of(const fire& at) { return {{"nominal", number_of(at.nominal)}, {"due", number_of(at.due)}}; }
fire read_fire(const json& in) {
  return {.nominal = read_time(in.at("nominal")), .due = read_time(in.at("due"))};
}

/// What nobody could have said to `job_schedules`.
void check_numbers(const schedule_spec& spec) {
  const auto check = [](bool right, const char* what) {
    if (!right)
      throw error{errc::store_failed, std::string{"no schedule has such a "} + what};
  };
  check(spec.max_instances > 0, "max_instances");
  check(spec.late.most > 0 && spec.late.most <= most_fires_at_once, "most_made_up");
}

/// A store's times are rounded up: the longest is a bit longer than that of options.
time_span in_options(store_duration span) {
  if (span > std::chrono::floor<store_duration>(no_timeout) + store_duration{1})
    throw error{errc::store_failed, "no job has so long a time"};
  return span;
}
template <class T>
std::optional<time_span> in_options(const std::optional<T>& span) {
  if (span)
    return in_options(*span);
  return {};
}

/// A job that no push takes: the store would refuse the schedule's fire, and with it those of others that are
/// written with it.
void check_job(const new_job& job) {
  const auto& row = job.row;
  push_options options;
  options.expires = in_options(job.expires);
  options.priority = row.priority;
  options.timeout = in_options(row.timeout);
  options.retry = row.retry;
  options.limits = row.limits;
  options.fairness_key = row.fairness_key;
  options.keep = in_options(row.keep);
  options.tags = row.tags;
  options.trace = row.trace;
  options.version = row.version;
  auto wrong = check_name("queue", row.queue);
  if (!wrong)
    wrong = check_name("task", row.task);
  if (!wrong)
    wrong = check_text("arguments", row.arguments, std::string::npos);
  if (!wrong)
    wrong = validate(options);
  if (wrong)
    throw error{errc::store_failed, "its job: " + wrong->message};
}

/// Reads one of a schedule's texts. Errors: see the header.
template <class Read>
auto read_text(const std::string& name, const char* what, const std::string& text, Read read) {
  const auto fault = [&](const std::string& why) {
    return error{errc::store_failed,
                 "schedule \"" + visible(name) + "\": its " + what + " can't be read: " + why};
  };
  try {
    const auto in = json::parse(text);
    if (const int version = in.at("v"); version > form_version)
      throw error{errc::store_failed, "it is of a later release"};
    return read(in);
  } catch (const error& why) {
    throw fault(why.message());
  } catch (const json::exception& why) {
    throw fault(why.what());
  }
}

} // namespace

std::optional<rejection> check_schedule_name(const std::string& name) {
  constexpr std::size_t longest = 180; // with what the tag and the scope of its jobs have before it
  if (name.empty())
    return invalid("name: it is empty; give a name of 1 to " + std::to_string(longest) + " bytes");
  return check_text("name", name, longest);
}

std::string text_of(const schedule_spec& spec) {
  return json{{"v", form_version},
              {"trigger", spec.when.to_text()},
              {"jitter", maybe(spec.jitter)},
              {"overlap", word_of(spec.overlap, overlaps)},
              {"max_instances", spec.max_instances},
              {"missed", word_of(spec.late.missed, misses)},
              {"missed_window", number_of(spec.late.window)},
              {"on_time", number_of(spec.late.on_time)},
              {"most_made_up", spec.late.most},
              {"expires", maybe(spec.job.expires)},
              {"job", form_of(spec.job.row)}}
      .dump();
}

schedule_spec read_spec(const std::string& name, const std::string& text) {
  if (const auto wrong = check_schedule_name(name))
    throw error{errc::store_failed, "schedule \"" + visible(name) + "\": its " + wrong->message};
  return read_text(name, "spec", text, [](const json& in) {
    auto when = trigger::parse(in.at("trigger").get_ref<const std::string&>());
    if (!when)
      throw error{errc::store_failed, "its trigger: " + when.error().message};
    schedule_spec spec{.when = *std::move(when)};
    spec.jitter = read_maybe(in.at("jitter"), read_span);
    spec.overlap = read_word(in.at("overlap"), overlaps);
    spec.max_instances = in.at("max_instances");
    spec.late = {.missed = read_word(in.at("missed"), misses),
                 .window = read_span(in.at("missed_window")),
                 .on_time = read_span(in.at("on_time")),
                 .most = in.at("most_made_up")};
    spec.job.expires = read_maybe(in.at("expires"), read_span);
    spec.job.row = read_row(in.at("job"));
    check_numbers(spec);
    check_job(spec.job);
    return spec;
  });
}

std::string text_of(const schedule_progress& progress) {
  json waiting;
  if (const auto& one = progress.waiting)
    waiting = {{"at", one->at ? form_of(*one->at) : json(nullptr)}, {"since", number_of(one->since)}};
  return json{{"v", form_version},
              {"paused", progress.paused},
              {"next", progress.next ? form_of(*progress.next) : json(word_of(progress.next.why, reasons))},
              {"passed", number_of(progress.passed)},
              {"last", maybe(progress.last)},
              {"waiting", waiting},
              {"fired", progress.fired},
              {"made_up", progress.made_up},
              {"missed", progress.missed},
              {"skipped", progress.skipped}}
      .dump();
}

schedule_progress read_progress(const std::string& name, const std::string& text) {
  return read_text(name, "state", text, [](const json& in) {
    schedule_progress progress;
    progress.paused = in.at("paused");
    if (const auto& next = in.at("next"); next.is_string())
      progress.next.why = read_word(next, reasons);
    else
      progress.next.found = read_fire(next);
    progress.passed = read_time(in.at("passed"));
    progress.last = read_maybe(in.at("last"), read_time);
    if (const auto& one = in.at("waiting"); !one.is_null())
      progress.waiting = {.at = read_maybe(one.at("at"), read_fire), .since = read_time(one.at("since"))};
    progress.fired = in.at("fired");
    progress.made_up = in.at("made_up");
    progress.missed = in.at("missed");
    progress.skipped = in.at("skipped");
    return progress;
  });
}

} // namespace taskactor::detail
