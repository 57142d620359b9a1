/// How far the run is: a live line on a terminal, or a line every few seconds.
///
///     taskactor: 1234 of 7243 done, 3 failed, 2 running, 812/s, 0:07 left
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace taskactor::cli {

class screen;
class tally;

/// What a line of progress says.
struct progress_facts {
  std::size_t done = 0, failed = 0, timed_out = 0, cancelled = 0, running = 0;
  /// Of items; unset while the input goes on.
  std::optional<std::size_t> total{};
  /// Commands ended a second; unset at the beginning.
  std::optional<double> rate{};
  /// Nothing starts any more.
  bool stopping = false;
};

/// At most `width` columns: what doesn't fit is left out from the end.
std::string to_text(const progress_facts& facts, std::size_t width);

class progress {
public:
  using clock = std::chrono::steady_clock;
  struct sources {
    std::function<std::size_t()> running;
    std::function<std::optional<std::size_t>()> total;
    std::function<bool()> stopping;
  };

  enum class style { none, lines, live };
  static style style_for(const screen& where, std::optional<bool> asked, bool quiet);

  progress(screen& where, style how, sources from);

  /// When `tick` wants to be called next; `clock::time_point::max()` if never.
  clock::time_point due() const noexcept { return due_; }
  /// Says how far it is, when it is time to.
  void tick(const tally& ended, clock::time_point now);
  /// The live line is taken away, and doesn't come back.
  void end();

private:
  std::optional<double> rate(std::size_t done, clock::time_point now);

  screen& screen_;
  style style_;
  sources sources_;
  clock::time_point due_;
  std::deque<std::pair<clock::time_point, std::size_t>> samples_; // of the last seconds
};

} // namespace taskactor::cli
