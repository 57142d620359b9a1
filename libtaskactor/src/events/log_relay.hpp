/// What a worker logs, on its way to its parent.
///
/// While there is one, spdlog's default logger and the library's own give their records to a function, level
/// by level as they are set, in place of the terminal. Loggers that the program makes are its own. In a
/// worker alone: elsewhere the user's spdlog is left as it is (rule 13).
#pragma once

#include <functional>
#include <memory>
#include <string_view>

namespace taskactor::detail {

class log_relay {
public:
  /// A level of spdlog's, the logger's name (empty: the default), the text. Called by one thread at a time.
  using handler = std::function<void(int level, std::string_view logger, std::string_view text)>;
  explicit log_relay(handler to);
  /// What is logged from then on goes nowhere.
  ~log_relay();
  log_relay(const log_relay&) = delete;
  log_relay& operator=(const log_relay&) = delete;

private:
  class sink;
  std::shared_ptr<sink> sink_;
};

} // namespace taskactor::detail
