/// Messages to the broker of a link between nodes.
#pragma once

#include "transport/link_reason.hpp"

#include <taskactor/detail/caf_message.hpp>

#include <memory>

namespace taskactor::detail {

struct dialed;

/// There is a socket, or none and a reason why.
struct socket_dialed {
  std::shared_ptr<dialed> got;
};
/// There is something in the link's buffer.
struct send_queued {};
struct close_when_sent {};
struct end_link {
  link_reason why;
};
/// The same, but what is being closed has half a second for that.
struct end_soon {
  link_reason why;
};
/// Time is up for what began then.
enum class link_deadline { handshake, closing };
struct link_time_up {
  link_deadline which;
};

} // namespace taskactor::detail

TASKACTOR_LOCAL_MESSAGES_BEGIN(taskactor_node_link, 5500)
TASKACTOR_LOCAL_MESSAGE(taskactor_node_link, taskactor::detail::socket_dialed)
TASKACTOR_LOCAL_MESSAGE(taskactor_node_link, taskactor::detail::send_queued)
TASKACTOR_LOCAL_MESSAGE(taskactor_node_link, taskactor::detail::close_when_sent)
TASKACTOR_LOCAL_MESSAGE(taskactor_node_link, taskactor::detail::end_link)
TASKACTOR_LOCAL_MESSAGE(taskactor_node_link, taskactor::detail::end_soon)
TASKACTOR_LOCAL_MESSAGE(taskactor_node_link, taskactor::detail::link_time_up)
TASKACTOR_LOCAL_MESSAGES_END(taskactor_node_link)
