#include "node/host_ports.hpp"

#include "events/hub.hpp"

#include <utility>

namespace taskactor::detail {

void host_ports::answer(const std::shared_ptr<call_sink>& whom, call_answer what) {
  core_.notify();
  if (whom)
    core_.defer([whom, what = std::move(what)]() mutable { whom->ended(std::move(what)); });
}

void host_ports::progress(const std::shared_ptr<call_sink>& whom, node_frames::progress what) {
  core_.defer([whom, what = std::move(what)]() mutable {
    whom->progressed(what.done, what.total, std::move(what.text));
  });
}

void host_ports::log(const std::shared_ptr<call_sink>& whom, const std::string& node, node_frames::log what) {
  core_.defer([this, whom, node, what = std::move(what)] {
    events_.relay(static_cast<int>(what.level), whom->task_id() + " on " + node + ": "
                                                    + (what.logger.empty() ? "" : what.logger + ": ")
                                                    + what.text);
  });
}

} // namespace taskactor::detail
