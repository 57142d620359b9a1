/// `http_client`: what the copies of a `http::client` share, and its coroutines.
///
///     open_exchange    attempts, and waits between them (`retry`)
///       exchanges      a request and what redirects lead to
///         exchange_once    place at the host, its rate, its address; then the loop
#pragma once

#include "http/curl_handles.hpp"
#include "http/easy_pool.hpp"
#include "http/host_gate.hpp"
#include "http/http_loop.hpp"
#include "http/http_plan.hpp"
#include "http/http_transfer.hpp"
#include "http/name_resolver.hpp"

#include <taskactor/http/client_options.hpp>
#include <taskactor/http/error.hpp>
#include <taskactor/http/response.hpp>
#include <taskactor/sync/semaphore.hpp>
#include <taskactor/task.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

namespace taskactor::detail {

class http_source;

class http_client {
public:
  /// Errors: those of `http::client`.
  explicit http_client(http::client_options options);

  const http::client_options& options() const noexcept { return options_; }
  const std::shared_ptr<easy_pool>& pool() const noexcept { return pool_; }
  http_loop& loop() noexcept { return loop_; }
  host_gates& gates() noexcept { return gates_; }
  name_resolver& names() noexcept { return *names_; }
  /// Else libcurl looks names up: a proxy's, or what the environment says is to go without one.
  bool looks_up() const noexcept { return !by_proxy_; }
  const std::shared_ptr<curl_slist>& fields() const noexcept { return fields_; }

  std::atomic<std::size_t> active{0}, begun{0}, answered{0};

private:
  void prepare(CURL* handle);

  const http::client_options options_;
  const bool by_proxy_;
  const std::shared_ptr<curl_slist> fields_; // of requests without headers of their own
  const std::shared_ptr<name_resolver> names_ = std::make_shared<name_resolver>();
  host_gates gates_;
  const std::shared_ptr<easy_pool> pool_; // its transfers have it, too, and may outlive this
  http_loop loop_;
};

/// One exchange that goes on, or has ended; cut off when its owner goes.
class http_exchange {
public:
  http_exchange(std::shared_ptr<http_client> at, std::shared_ptr<host_gate> gate, semaphore_permit place,
                std::shared_ptr<http_transfer> of, std::string url);
  http_exchange(const http_exchange&) = delete;
  http_exchange& operator=(const http_exchange&) = delete;
  ~http_exchange();

  http_client& client() noexcept { return *at_; }
  http_transfer& transfer() noexcept { return *transfer_; }
  const std::shared_ptr<http_transfer>& shared() noexcept { return transfer_; }
  /// Once its header is there, or it is done.
  void read_head();
  http::response& head() noexcept { return head_; }
  /// Once it is done. Errors: `http::error`, `errc::stopping`, `std::bad_alloc`.
  void check();
  /// It is over, and its place is free.
  void end() noexcept;
  bool is_closed() const noexcept { return closed_; }

private:
  std::shared_ptr<http_client> at_;
  std::shared_ptr<host_gate> gate_;
  semaphore_permit place_;
  std::shared_ptr<http_transfer> transfer_;
  http::response head_;
  bool closed_ = false;
};

/// Waits for news of it; an end is always one. Stops: at once.
task<void> wait_for(std::shared_ptr<http_transfer> of, http_news what);

/// Until the header of the last answer is there (`pieces`), or it has been read whole.
task<std::unique_ptr<http_exchange>> open_exchange(std::shared_ptr<http_client> at, http_plan plan,
                                                   http_delivery how, std::unique_ptr<http_source> source);

} // namespace taskactor::detail
