/// Who destroys what users have made in place of a thread that everybody depends on: `disposal`, as records
/// know it.
#pragma once

#include <taskactor/detail/local_binding.hpp>
#include <taskactor/detail/ref.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace taskactor::detail {

class record;

class record_disposer {
public:
  /// These parts of it (bits of `record::user_parts`).
  virtual void take(record& which, std::uint8_t parts) noexcept = 0;
  /// Nobody refers to it any more.
  virtual void take_all_of(record& last) noexcept = 0;
  /// Calls it there, for the task `of`; or `without_thread`, on any thread, when none can be had for it.
  /// Errors: `std::bad_alloc`.
  virtual void call(std::string of, std::function<void()> what, std::function<void()> without_thread) = 0;

protected:
  ~record_disposer() = default;
};

/// Releases `locals`; what is destroyed with it, if it is the last reference, elsewhere if need be.
void drop(ref<local_binding>& locals, record_disposer& elsewhere) noexcept;

} // namespace taskactor::detail
