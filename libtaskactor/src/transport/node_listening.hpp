/// What a `node_listening` is made of: a thread that accepts, and hands each socket to a broker of its own.
#pragma once

#include "transport/accept_filter.hpp"
#include "transport/link_dial.hpp"
#include "transport/node_link.hpp"
#include "transport/socket_bind.hpp"
#include "transport/tls/tls_credentials.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <thread>

namespace taskactor::detail {

struct node_listening::parts {
  parts(caf::actor_system& system, bound_socket bound, std::unique_ptr<tls_credentials> as,
        std::shared_ptr<accept_filter> filter, std::shared_ptr<node_brokers> brokers);

  /// Errors: `std::system_error` when there is no thread; it listens no more then.
  void begin(const std::shared_ptr<parts>& self);
  void run() noexcept;
  void close();

  caf::actor_system& system_; // of `node_links`, which closes this before its end
  bound_socket bound_;
  const std::unique_ptr<tls_credentials> as_; // null: without TLS
  const std::shared_ptr<accept_filter> filter_;
  const std::shared_ptr<node_brokers> brokers_;
  const unique_fd wakeup_fd_;
  std::mutex mutex_; // `thread_`
  std::thread thread_;

private:
  void accept_all();
  void let_in(accepted_socket got);
  std::shared_ptr<dialed> make_ready(accepted_socket got) const;
};

} // namespace taskactor::detail
