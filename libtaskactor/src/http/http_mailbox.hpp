/// `http_mailbox`: what is asked of a loop for its transfers, by any thread: a chain through the transfers
/// themselves, so that to ask takes no memory.
#pragma once

#include "base/unique_fd.hpp"

#include <cstdint>
#include <memory>
#include <mutex>

namespace taskactor::detail {

class http_transfer;

/// All that is asked for one transfer is done in this order.
enum class loop_order : std::uint8_t { begin = 1, go_on = 2, cancel = 4 };

class loop_mail {
private:
  friend class http_mailbox;
  std::shared_ptr<http_transfer> next_;
  unsigned orders_ = 0; // none: it isn't in the chain
};

class http_mailbox {
public:
  /// Errors: `std::system_error`.
  http_mailbox();

  /// False: it is closed.
  bool post(loop_order what, const std::shared_ptr<http_transfer>& of) noexcept;
  /// The next that something is asked for, and `orders`; null: none.
  std::shared_ptr<http_transfer> take(unsigned& orders) noexcept;
  void close() noexcept;
  bool is_closed() noexcept;
  /// Readable when there may be something, or it was closed. `clear` is for who reads it.
  const unique_fd& wakeup() const noexcept { return wakeup_; }
  void clear() noexcept;

private:
  unique_fd wakeup_;
  std::mutex mutex_; // what follows, and all mail
  std::shared_ptr<http_transfer> first_, last_;
  bool closed_ = false;
};

} // namespace taskactor::detail
