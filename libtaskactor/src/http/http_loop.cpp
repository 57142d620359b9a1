#include "http/http_loop.hpp"

#include "base/all_signals_blocked.hpp"
#include "base/new_thread.hpp"
#include "base/service_thread.hpp"
#include "http/http_transfer.hpp"

#include <taskactor/error.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>

#include <sys/epoll.h>

namespace taskactor::detail {

/// What libcurl calls, on the loop's thread.
struct http_loop::from_curl {
  static int socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept {
    static_cast<http_loop*>(self)->sockets_.want(fd, what);
    return 0;
  }
  static int timer(CURLM*, long milliseconds, void* self) noexcept {
    auto& due = static_cast<http_loop*>(self)->due_;
    if (milliseconds < 0)
      due.reset();
    else
      due = std::chrono::steady_clock::now() + std::chrono::milliseconds{milliseconds};
    return 0;
  }
};

http_loop::http_loop(std::size_t max_idle_connections)
    : max_idle_connections_(std::min<std::size_t>(max_idle_connections, 1'000'000)),
      sockets_(mailbox_.wakeup()),
      multi_(::curl_multi_init()) {
  if (!multi_)
    throw std::bad_alloc{};
  auto* const multi = multi_.get();
  ::curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &from_curl::socket);
  ::curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  ::curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &from_curl::timer);
  ::curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  const all_signals_blocked inherited;
  thread_ = new_thread("an http client", [this] { run(); });
}

http_loop::~http_loop() { stop(); }

void http_loop::begin(const std::shared_ptr<http_transfer>& what) {
  if (!mailbox_.post(loop_order::begin, what))
    throw error{errc::stopping, "the manager of this http client has ended"};
}

void http_loop::go_on(const std::shared_ptr<http_transfer>& what) noexcept {
  mailbox_.post(loop_order::go_on, what);
}

void http_loop::cancel(const std::shared_ptr<http_transfer>& what) noexcept {
  mailbox_.post(loop_order::cancel, what);
}

void http_loop::stop() noexcept {
  mailbox_.close();
  const std::lock_guard lock{ending_};
  if (thread_.joinable())
    thread_.join();
}

void http_loop::run() noexcept {
  const service_thread here;
  std::array<epoll_event, 256> ready;
  while (!mailbox_.is_closed()) {
    for (unsigned orders = 0; const auto one = mailbox_.take(orders);)
      follow(one, orders);
    const auto count = sockets_.wait(ready, wait_time());
    for (std::size_t i = 0; i < count; ++i) {
      int running = 0;
      if (const int fd = ready[i].data.fd; fd == curl_sockets::wakeup)
        mailbox_.clear();
      else
        ::curl_multi_socket_action(multi_.get(), fd, curl_sockets::told(ready[i]), &running);
    }
    expire();
    tell_done();
  }
  end_all();
}

void http_loop::follow(const std::shared_ptr<http_transfer>& one, unsigned orders) noexcept {
  const auto asks = [orders](loop_order what) { return (orders & static_cast<unsigned>(what)) != 0; };
  if (asks(loop_order::cancel)) {
    remove(*one);
    return;
  }
  if (asks(loop_order::begin))
    add(one);
  if (asks(loop_order::go_on)
      && transfers_.contains(one.get())) // what it has kept meanwhile may fail to come
    if (const auto code = ::curl_easy_pause(one->request().handle(), CURLPAUSE_CONT);
        code != CURLE_OK && code != CURLE_BAD_FUNCTION_ARGUMENT) {
      remove(*one);
      one->finish(code);
    }
}

void http_loop::add(const std::shared_ptr<http_transfer>& one) noexcept {
  try {
    transfers_.emplace(one.get(), one);
  } catch (const std::bad_alloc&) {
    one->finish(CURLE_OUT_OF_MEMORY);
    return;
  }
  // libcurl counts all, also those that are used.
  ::curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS,
                      static_cast<long>(transfers_.size() + max_idle_connections_));
  if (::curl_multi_add_handle(multi_.get(), one->request().handle()) != CURLM_OK) {
    transfers_.erase(one.get());
    one->finish(CURLE_OUT_OF_MEMORY);
  }
}

void http_loop::remove(http_transfer& what) noexcept {
  const auto ended = transfers_.extract(&what);
  if (!ended.empty())
    ::curl_multi_remove_handle(multi_.get(), what.request().handle());
}

/// In milliseconds; negative: for ever.
int http_loop::wait_time() const noexcept {
  if (!due_)
    return -1;
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*due_ - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(rest.count(), 0, 60'000));
}

void http_loop::expire() noexcept {
  if (!due_ || *due_ > std::chrono::steady_clock::now())
    return;
  due_.reset(); // it is set again in what follows
  int running = 0;
  ::curl_multi_socket_action(multi_.get(), CURL_SOCKET_TIMEOUT, 0, &running);
}

void http_loop::tell_done() noexcept {
  int left = 0;
  while (const auto* const message = ::curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE)
      continue;
    const auto code = message->data.result;
    auto* const handle = message->easy_handle; // the message is gone with what follows
    void* which = nullptr;
    ::curl_easy_getinfo(handle, CURLINFO_PRIVATE, &which);
    ::curl_multi_remove_handle(multi_.get(), handle);
    const auto ended = transfers_.extract(static_cast<http_transfer*>(which));
    ended.mapped()->finish(code);
  }
}

void http_loop::end_all() noexcept {
  for (unsigned orders = 0; const auto one = mailbox_.take(orders);)
    if (!transfers_.contains(one.get()))
      one->finish(CURLE_ABORTED_BY_CALLBACK);
  while (!transfers_.empty()) {
    const auto ended = transfers_.extract(transfers_.begin());
    ::curl_multi_remove_handle(multi_.get(), ended.mapped()->request().handle());
    ended.mapped()->finish(CURLE_ABORTED_BY_CALLBACK);
  }
  multi_.reset(); // closes the connections, by `curl_sockets`
}

} // namespace taskactor::detail
