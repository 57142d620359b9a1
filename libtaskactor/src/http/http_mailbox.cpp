#include "http/http_mailbox.hpp"

#include "http/http_transfer.hpp"

#include <utility>

#include <sys/eventfd.h>

namespace taskactor::detail {

http_mailbox::http_mailbox() : wakeup_(own(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

bool http_mailbox::post(loop_order what, const std::shared_ptr<http_transfer>& of) noexcept {
  bool first = false;
  {
    const std::lock_guard lock{mutex_};
    if (closed_)
      return false;
    if (of->orders_ == 0) {
      first = !first_;
      (last_ ? last_->next_ : first_) = of;
      last_ = of;
    }
    of->orders_ |= static_cast<unsigned>(what);
  }
  if (first)
    ::eventfd_write(wakeup_.get(), 1);
  return true;
}

std::shared_ptr<http_transfer> http_mailbox::take(unsigned& orders) noexcept {
  const std::lock_guard lock{mutex_};
  if (!first_)
    return nullptr;
  auto one = std::move(first_);
  first_ = std::move(one->next_);
  if (!first_)
    last_.reset();
  orders = std::exchange(one->orders_, 0U);
  return one;
}

void http_mailbox::close() noexcept {
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
  }
  ::eventfd_write(wakeup_.get(), 1);
}

bool http_mailbox::is_closed() noexcept {
  const std::lock_guard lock{mutex_};
  return closed_;
}

void http_mailbox::clear() noexcept {
  eventfd_t count = 0;
  ::eventfd_read(wakeup_.get(), &count);
}

} // namespace taskactor::detail
