#include "cli/runtime_log.hpp"

#include "cli/screen.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <string_view>

namespace taskactor::cli {

namespace {

class screen_sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit screen_sink(screen& where) : screen_(where) {}

private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    screen_.log(std::string_view{line.data(), line.size()});
  }
  void flush_() override {}

  screen& screen_;
};

} // namespace

std::shared_ptr<spdlog::logger> make_runtime_log(screen& where) {
  auto result = std::make_shared<spdlog::logger>("taskactor", std::make_shared<screen_sink>(where));
  result->set_pattern("[%H:%M:%S.%e] [%n] [%l] %v");
  return result;
}

} // namespace taskactor::cli
