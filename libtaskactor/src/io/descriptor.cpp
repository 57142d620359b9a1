#include <taskactor/io/descriptor.hpp>

#include "io/io_loop.hpp"
#include "io/io_service.hpp"
#include "lifecycle/manager_core.hpp"

#include <taskactor/error.hpp>
#include <taskactor/outcome.hpp>

#include <cerrno>
#include <string>
#include <utility>

namespace taskactor {

void descriptor::close() noexcept {
  if (fd_ < 0)
    return;
  const int kept = errno;
  detail::io_loop::close(std::exchange(fd_, -1));
  errno = kept;
}

namespace detail {

bool descriptor_await::begin(context& ctx) {
  stopped_ = false; // it may be awaited again
  end_.store(descriptor_end::none, std::memory_order_relaxed);
  told_.store(false, std::memory_order_relaxed);
  if (const auto parks = ctx.refusal()) {
    stopped_ = true;
    return *parks;
  }
  ctx_ = &ctx;
  auto loop = loop_of(ctx.home());
  auto& busy = ctx.home().busy_threads; // a test's clock waits for the world
  ctx.waiting = this;
  try {
    busy.fetch_add(1);
    loop->arm(*this);
  } catch (...) {
    busy.fetch_sub(1);
    ctx.waiting = nullptr;
    throw;
  }
  loop_ = std::move(loop);
  return true;
}

/// True: it was still waiting.
bool descriptor_await::leave() noexcept {
  const auto loop = std::exchange(loop_, nullptr);
  if (!loop)
    return false;
  ctx_->home().busy_threads.fetch_sub(1);
  return loop->disarm(*this);
}

bool descriptor_await::stop() noexcept { return stopped_ = leave(); }

ref<operation> descriptor_await::kill() noexcept {
  leave();
  return {};
}

wait_reason descriptor_await::reason() const {
  const char* what = what_ == direction::read    ? "something to read"
                     : what_ == direction::write ? "room to write"
                                                 : "urgent data";
  return {std::string{what} + " at descriptor " + std::to_string(fd_)};
}

void descriptor_await::await_resume() {
  leave();
  if (stopped_)
    throw cancelled_error{};
  if (end_.load(std::memory_order_acquire) == descriptor_end::closed)
    throw error{errc::closed, "descriptor " + std::to_string(fd_) + " was closed while it was awaited"};
}

} // namespace detail

} // namespace taskactor
