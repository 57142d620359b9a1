#include "events/log_relay.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <utility>

namespace taskactor::detail {

class log_relay::sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit sink(handler to) : to_(std::move(to)) {}
  void close() {
    const std::lock_guard lock{mutex_};
    to_ = {};
  }

private:
  void sink_it_(const spdlog::details::log_msg& record) override {
    if (to_)
      to_(record.level, {record.logger_name.data(), record.logger_name.size()},
          {record.payload.data(), record.payload.size()});
  }
  void flush_() override {}

  handler to_;
};

log_relay::log_relay(handler to) : sink_(std::make_shared<sink>(std::move(to))) {
  if (const auto logger = spdlog::default_logger())
    logger->sinks() = {sink_};
  if (const auto logger = spdlog::get("taskactor"))
    logger->sinks() = {sink_};
  else
    spdlog::register_logger(std::make_shared<spdlog::logger>("taskactor", sink_));
}

log_relay::~log_relay() { sink_->close(); }

} // namespace taskactor::detail
