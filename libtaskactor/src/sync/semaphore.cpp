#include <taskactor/sync/semaphore.hpp>

#include <taskactor/error.hpp>

#include <algorithm>
#include <limits>
#include <mutex>

namespace taskactor {

namespace {

[[noreturn]] void throw_hopeless(std::size_t amount) {
  throw error{errc::closed,
              "semaphore: there will never be " + std::to_string(amount) + " permits, its last copy is gone"};
}

} // namespace

namespace detail {

namespace {

std::size_t amount_for(const sync_waiter& one) noexcept {
  return *static_cast<const std::size_t*>(one.place());
}

/// A thread that gives up serves those behind it, too.
class permit_block final : public sync_block {
public:
  permit_block(semaphore_state& of, std::size_t& amount) : sync_block(&amount), of_(of) {}

private:
  void on_left(sync_wakes& wakes) noexcept override { of_.serve(wakes); }

  semaphore_state& of_;
};

} // namespace

wait_end semaphore_state::acquire_or_wait(sync_waiter& one) noexcept {
  const auto amount = amount_for(one);
  if (is_hopeless(amount))
    return wait_end::closed;
  if (!waiting_.empty() || amount > value_) {
    waiting_.push_back(one);
    return wait_end::none;
  }
  value_ -= amount;
  return wait_end::served;
}

/// As many as there is enough for, none before those in front of it.
void semaphore_state::serve(sync_wakes& wakes) noexcept {
  while (auto* const first = waiting_.first()) {
    const auto amount = amount_for(*first);
    if (amount <= value_) {
      value_ -= amount;
      wakes.serve(*first);
    } else if (is_hopeless(amount)) {
      wakes.serve(*first, wait_end::closed);
    } else {
      return;
    }
  }
}

bool semaphore_state::try_acquire(std::size_t amount) noexcept {
  const std::lock_guard guard{lock};
  if (!waiting_.empty() || amount > value_)
    return false;
  value_ -= amount;
  return true;
}

void semaphore_state::give_back(std::size_t amount) noexcept {
  sync_wakes wakes;
  const std::lock_guard guard{lock};
  value_ += amount;
  serve(wakes);
}

void semaphore_state::add(std::size_t amount) {
  sync_wakes wakes;
  const std::lock_guard guard{lock};
  if (amount > std::numeric_limits<std::size_t>::max() - total_)
    throw error{errc::invalid_argument,
                "semaphore: " + std::to_string(amount) + " more permits are more than can be counted"};
  total_ += amount;
  value_ += amount;
  serve(wakes);
}

std::size_t semaphore_state::remove(std::size_t amount) noexcept {
  const std::lock_guard guard{lock};
  const auto removed = std::min(amount, value_);
  value_ -= removed;
  total_ -= removed;
  return removed;
}

void semaphore_state::forget(std::size_t amount) noexcept {
  sync_wakes wakes;
  const std::lock_guard guard{lock};
  total_ -= amount;
  serve(wakes); // some may be hopeless now
}

std::size_t semaphore_state::value() noexcept {
  const std::lock_guard guard{lock};
  return value_;
}

std::size_t semaphore_state::waiting() noexcept {
  const std::lock_guard guard{lock};
  return waiting_.size();
}

void semaphore_state::on_last_owner() noexcept {
  sync_wakes wakes;
  const std::lock_guard guard{lock};
  orphaned_ = true;
  serve(wakes);
}

semaphore_permit permit_await::await_resume() {
  finish();
  taken();
  if (end() == wait_end::closed)
    throw_hopeless(amount_);
  return {ref<semaphore_state>{of_}, amount_};
}

std::string permit_await::awaited() const {
  return std::to_string(amount_) + (amount_ == 1 ? " permit" : " permits") + " of a semaphore that has "
         + std::to_string(of_->value()) + " for " + std::to_string(of_->waiting()) + " who wait";
}

} // namespace detail

semaphore_permit semaphore::blocking_acquire(std::size_t amount) const {
  const detail::ref<detail::semaphore_state> of{&*state_};
  detail::permit_block here{*of, amount};
  if (here.run(*of, [&](detail::sync_wakes&) { return of->acquire_or_wait(here); })
      == detail::wait_end::closed)
    throw_hopeless(amount);
  return {of, amount};
}

} // namespace taskactor
