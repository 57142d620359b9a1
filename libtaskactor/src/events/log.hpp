/// Events as log lines, at the levels of rule 13. The user's spdlog is never configured: a logger is taken,
/// or one named "taskactor" is used or made. With a level of its own the log has a copy of the logger, on the
/// same sinks.
#pragma once

#include <taskactor/event.hpp>
#include <taskactor/log_level.hpp>

#include <memory>
#include <optional>
#include <string>

namespace spdlog {
class logger;
}

namespace taskactor::detail {

/// For a program whose log is what it says on its standard error: lines that begin with its name. From info
/// on.
std::shared_ptr<spdlog::logger> make_program_log(const std::string& program);

class event_log {
public:
  explicit event_log(std::shared_ptr<spdlog::logger> logger, std::optional<log_level> level = {});
  /// `expected`: no worse than info.
  bool wants(event_kind kind, bool expected = false) const noexcept;
  void write(const task_event& what, bool expected) const;
  /// A warning about the runtime itself.
  void warn(const std::string& text) const;
  /// What somebody else has to say, at level info.
  void note(const std::string& text) const;
  /// The same, at a level of spdlog's, which it `knows`.
  void relay(int level, const std::string& text) const;
  static bool knows(int level) noexcept;

private:
  std::shared_ptr<spdlog::logger> logger_;
};

} // namespace taskactor::detail
