/// `link_dial`: a call on its way, on a thread of its own, since resolvers block.
///
/// Threads: any. Stops: `abandon`; nobody waits for the thread, which keeps what it needs.
#pragma once

#include "transport/link_options.hpp"
#include "transport/link_reason.hpp"
#include "transport/socket.hpp"
#include "transport/socket_call.hpp"
#include "transport/tls/tls_session.hpp"

#include <caf/actor.hpp>

#include <memory>
#include <mutex>

namespace taskactor::detail {

struct dialed {
  socket_call_result call;
  std::unique_ptr<tls_session> tls;
};

class link_dial : public std::enable_shared_from_this<link_dial> {
public:
  struct plan {
    link_address to;
    std::string expected_name;
    link_identity as;
    std::chrono::steady_clock::time_point until;
  };
  /// Errors: `std::system_error` when there is no descriptor left.
  explicit link_dial(plan what) : plan_(std::move(what)), wakeup_fd_(make_wakeup_fd()) {}

  /// The broker is told by `socket_dialed`. Errors: `std::system_error` when there is no thread left.
  void begin(const caf::actor& broker);
  /// The broker has gone: it is not told any more.
  void abandon();

private:
  void run() noexcept;
  void dial(dialed& result) const;
  void tell(std::shared_ptr<dialed> what);

  const plan plan_;
  const unique_fd wakeup_fd_;
  std::mutex mutex_;
  caf::actor broker_;
};

} // namespace taskactor::detail
