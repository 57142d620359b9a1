#include "run/progress.hpp"

#include "cli/screen.hpp"
#include "run/tally.hpp"

#include <cmath>
#include <cstdio>
#include <vector>

namespace taskactor::cli {

namespace {

using namespace std::chrono_literals;

constexpr auto live_interval = 100ms;
constexpr auto line_interval = 2s;
constexpr auto rate_window = 20s;
/// A rate from less than this says nothing.
constexpr auto rate_start = 1s;
constexpr std::size_t line_width = 200;

std::string progress_text(const char* format, auto... values) {
  char buffer[64];
  const auto size = std::snprintf(buffer, sizeof buffer, format, values...);
  return {buffer, static_cast<std::size_t>(size)};
}

std::string rate_text(double rate) {
  if (rate >= 10)
    return progress_text("%.0f/s", rate);
  return rate >= 1 ? progress_text("%.1f/s", rate) : progress_text("%.1f/min", rate * 60);
}

std::string left_text(double seconds) {
  const auto whole = std::llround(seconds);
  if (whole < 3600)
    return progress_text("%lld:%02lld left", whole / 60, whole % 60);
  return progress_text("%lld:%02lld:%02lld left", whole / 3600, whole / 60 % 60, whole % 60);
}

} // namespace

std::string to_text(const progress_facts& facts, std::size_t width) {
  std::vector<std::string> parts;
  parts.push_back(std::to_string(facts.done) + (facts.total ? " of " + std::to_string(*facts.total) : "")
                  + " done");
  const auto add = [&](std::size_t count, const char* what) {
    if (count != 0)
      parts.push_back(std::to_string(count) + ' ' + what);
  };
  add(facts.failed, "failed");
  add(facts.timed_out, "timed out");
  add(facts.cancelled, "cancelled");
  parts.push_back(std::to_string(facts.running) + " running");
  if (facts.stopping)
    parts.push_back("stopping");
  if (facts.rate && *facts.rate > 0 && !facts.stopping) {
    parts.push_back(rate_text(*facts.rate));
    if (facts.total && *facts.total >= facts.done)
      parts.push_back(left_text(static_cast<double>(*facts.total - facts.done) / *facts.rate));
  }
  std::string result = "taskactor:";
  const char* between = " ";
  for (const auto& each : parts) {
    if (result.size() + 2 + each.size() >= width) // the last column stays free: some terminals wrap after it
      break;
    result += between + each;
    between = ", ";
  }
  return result;
}

progress::style progress::style_for(const screen& where, std::optional<bool> asked, bool quiet) {
  if (quiet || !asked.value_or(where.can_live()))
    return style::none;
  return where.can_live() ? style::live : style::lines;
}

progress::progress(screen& where, style how, sources from)
    : screen_(where), style_(how), sources_(std::move(from)), due_(clock::time_point::max()) {
  if (style_ == style::none)
    return;
  const auto now = clock::now();
  due_ = now + (style_ == style::live ? clock::duration{live_interval} : clock::duration{line_interval});
  samples_.emplace_back(now, 0);
}

void progress::tick(const tally& ended, clock::time_point now) {
  if (now < due_)
    return;
  progress_facts facts{.done = ended.ended(),
                       .failed = ended.failed(),
                       .timed_out = ended.timed_out(),
                       .cancelled = ended.cancelled(),
                       .running = sources_.running(),
                       .total = sources_.total(),
                       .rate = rate(ended.ended(), now),
                       .stopping = sources_.stopping()};
  if (facts.stopping) // the items that are left are never done
    facts.total.reset();
  if (style_ == style::live) {
    screen_.live(to_text(facts, screen::width()));
    due_ = now + live_interval;
  } else {
    if (!screen_.behind()) // nobody reads, and the next line says more
      screen_.print(to_text(facts, line_width) + '\n');
    due_ = now + line_interval;
  }
}

void progress::end() {
  due_ = clock::time_point::max();
  screen_.live({});
}

std::optional<double> progress::rate(std::size_t done, clock::time_point now) {
  samples_.emplace_back(now, done);
  while (samples_.size() > 2 && samples_[1].first + rate_window <= now)
    samples_.pop_front();
  const auto& [since, before] = samples_.front();
  if (now - since < rate_start)
    return {};
  return static_cast<double>(done - before) / std::chrono::duration<double>(now - since).count();
}

} // namespace taskactor::cli
