/// What `node_core` wants done: over links, to the calls of others that run here, to those who wait for ours.
#pragma once

#include "node/outbound_calls.hpp"
#include "node/protocol.hpp"
#include "node/window_allocator.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace taskactor::detail {

using inbound_id = std::uint64_t;

/// A call of another node's, to be run here.
struct inbound_call {
  inbound_id id = 0;
  std::string node{}; // whose
  node_frames::call what{};
};

/// How it has ended. `returned`: it never began.
struct inbound_result {
  enum class kind : std::uint8_t { result, failed, refused, cancelled, timed_out, returned };
  kind how = kind::failed;
  std::string text{};
  refusal why{};
  time_limit whose{}; // of `timed_out`
};

/// What the core wants done. Called in its calls: none may call it back at once.
class node_ports {
public:
  virtual ~node_ports() = default;
  virtual void send(session_id to, node_frame frame) = 0;
  /// Opens a connection: `opened`, or `closed` with the reason, follows.
  virtual void dial(session_id as, const std::string& address) = 0;
  /// After what was sent. No `closed` follows.
  virtual void close(session_id which) = 0;
  /// `inbound_ended` follows, once.
  virtual void begin(inbound_call call) = 0;
  /// Asks for its end.
  virtual void stop(inbound_id which) = 0;
  /// Asks for its end unless it has begun.
  virtual void hand_back(inbound_id which) = 0;
  virtual void answer(const std::shared_ptr<call_sink>& whom, call_answer what) = 0;
  virtual void progress(const std::shared_ptr<call_sink>& whom, node_frames::progress what) = 0;
  virtual void log(const std::shared_ptr<call_sink>& whom, const std::string& node, node_frames::log what)
      = 0;
  /// Something about a peer, for the log: spdlog's levels.
  virtual void note(int level, const std::string& text) = 0;
};

} // namespace taskactor::detail
