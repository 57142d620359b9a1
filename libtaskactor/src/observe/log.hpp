/// Events as log lines, at the levels of rule 13. The user's spdlog is never configured: a logger is taken,
/// or one named "taskactor" is used or made.
#pragma once

#include <taskactor/observe/event.hpp>

#include <memory>
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
  explicit event_log(std::shared_ptr<spdlog::logger> logger);
  bool wants(event_kind kind) const noexcept;
  void write(const event& what) const;
  /// A warning about the runtime itself.
  void warn(const std::string& text) const;
  /// What somebody else has to say, at level info.
  void note(const std::string& text) const;
  /// The same, at a level of spdlog's. False: there is no such level.
  bool relay(int level, const std::string& text) const;

private:
  std::shared_ptr<spdlog::logger> logger_;
};

} // namespace taskactor::detail
