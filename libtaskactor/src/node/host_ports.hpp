/// What a node's core wants done, on the links, manager and callers of a real one. Threads: under the node's
/// lock; what may call back is deferred.
#pragma once

#include "node/inbound_tasks.hpp"
#include "node/node_ports.hpp"
#include "node/session_links.hpp"
#include "node/synchronized_core.hpp"

#include <memory>
#include <string>

namespace taskactor::detail {

class event_hub;

class host_ports final : public node_ports {
public:
  /// They may be made later than this.
  host_ports(synchronized_core& core, session_links& links, inbound_tasks& tasks, const event_hub& events)
      : core_(core), links_(links), tasks_(tasks), events_(events) {}

  void send(session_id to, node_frame frame) override { links_.send(to, frame); }
  void dial(session_id as, const std::string& address) override { links_.dial(as, address); }
  void close(session_id which) override { links_.close(which); }
  void begin(inbound_call call) override { tasks_.begin(std::move(call)); }
  void stop(inbound_id which) override { tasks_.stop(which); }
  void hand_back(inbound_id which) override { tasks_.hand_back(which); }
  void answer(const std::shared_ptr<call_sink>& whom, call_answer what) override;
  void progress(const std::shared_ptr<call_sink>& whom, node_frames::progress what) override;
  void log(const std::shared_ptr<call_sink>& whom, const std::string& node, node_frames::log what) override;
  void note(int level, const std::string& text) override { core_.note(level, text); }

private:
  synchronized_core& core_;
  session_links& links_;
  inbound_tasks& tasks_;
  const event_hub& events_;
};

} // namespace taskactor::detail
