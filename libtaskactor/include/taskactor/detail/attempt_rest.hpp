/// `detail::attempt_rest`: an attempt that goes on beside the next one of its task. Not for users.
#pragma once

#include <taskactor/detail/record.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace taskactor::detail {

/// Destroys what it owns. Returns what that threw.
template <class Owner>
std::exception_ptr discard(Owner& what) noexcept {
  try {
    what.reset();
  } catch (...) {
    return std::current_exception();
  }
  return {};
}

/// What an attempt that goes on (a call on a thread) still needs, while its task has begun another one.
template <class Parts>
class attempt_rest final : public record {
public:
  explicit attempt_rest(std::unique_ptr<Parts> parts) noexcept : parts_(std::move(parts)) {}
  bool start(context&) override { return false; }
  void collect() noexcept override {}
  std::exception_ptr discard_body() noexcept override { return discard(parts_); }
  void fail(failure) noexcept override {}
  void drop_outcome() noexcept override {}
  const failure* failed() const noexcept override { return nullptr; }

private:
  std::unique_ptr<Parts> parts_;
};

} // namespace taskactor::detail
