#include <taskactor/state.hpp>

#include <ostream>

namespace taskactor {

std::string_view to_string(state s) noexcept {
  switch (s) {
  case state::queued:
    return "queued";
  case state::running:
    return "running";
  case state::cancelling:
    return "cancelling";
  case state::completed:
    return "completed";
  case state::failed:
    return "failed";
  case state::cancelled:
    return "cancelled";
  case state::timed_out:
    return "timed out";
  }
  return "?";
}

std::ostream& operator<<(std::ostream& out, state s) { return out << to_string(s); }

std::string_view to_string(end_reason why) noexcept {
  switch (why) {
  case end_reason::none:
    return "";
  case end_reason::queue_timeout:
    return "waited too long for a token";
  case end_reason::run_timeout:
    return "ran too long";
  case end_reason::total_timeout:
    return "took too long";
  case end_reason::cancel_requested:
    return "requested";
  case end_reason::parent_ended:
    return "its parent ended";
  case end_reason::group_ended:
    return "its group was ended";
  case end_reason::shed:
    return "shed from a full queue";
  case end_reason::replaced:
    return "replaced by another task of its id";
  case end_reason::shutdown:
    return "shutdown";
  case end_reason::not_started:
    return "not started";
  case end_reason::predecessor_ended:
    return "a task before it didn't complete";
  }
  return "?";
}

std::string_view to_string(cancel_reply reply) noexcept {
  switch (reply) {
  case cancel_reply::requested:
    return "requested";
  case cancel_reply::already_requested:
    return "already requested";
  case cancel_reply::finished:
    return "finished";
  case cancel_reply::unknown:
    return "unknown";
  }
  return "?";
}

} // namespace taskactor
