/// Who destroys what users have made in place of a thread that everybody depends on: `disposal`, as records
/// know it.
#pragma once

#include <cstdint>

namespace taskactor::detail {

class record;

class record_disposer {
public:
  /// These parts of it (bits of `record::user_parts`).
  virtual void take(record& which, std::uint8_t parts) noexcept = 0;
  /// Nobody refers to it any more.
  virtual void take_all_of(record& last) noexcept = 0;

protected:
  ~record_disposer() = default;
};

} // namespace taskactor::detail
