/// Standard error as the end of a log: who logs never waits for a reader who has stopped reading, or a
/// terminal that has been halted. The runtime logs where it keeps deadlines and cancels.
///
/// As long as there is a reader, lines are written at once. What can't be is kept, up to a bound, and written
/// by a thread that lives as long as there is something kept; what is beyond is counted, which is told when
/// there is a reader again. At the end of the program what is kept has a second to be written.
#pragma once

#include <spdlog/sinks/sink.h>

#include <cstddef>
#include <memory>
#include <string>

#include <unistd.h>

namespace taskactor::detail {

/// Threads: any.
class stderr_sink final : public spdlog::sinks::sink {
public:
  /// Bytes kept.
  static constexpr std::size_t room = std::size_t{1} << 20;

  explicit stderr_sink(int fd = STDERR_FILENO);
  ~stderr_sink() override;
  void log(const spdlog::details::log_msg& message) override;
  void flush() override {}
  void set_pattern(const std::string& pattern) override;
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override;

private:
  struct kept;
  static void drain(const std::shared_ptr<kept>& what) noexcept;
  std::string text_of(const spdlog::details::log_msg& message);

  const bool colors_;
  std::unique_ptr<spdlog::formatter> formatter_; // under the lock of what is kept
  std::shared_ptr<kept> kept_;
};

} // namespace taskactor::detail
