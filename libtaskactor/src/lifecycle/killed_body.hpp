/// `killed_body`: a body that was killed, whose frames stay as long as what it has begun may refer to them.
/// Threads: the one that runs it.
#pragma once

#include <taskactor/detail/promise.hpp>
#include <taskactor/detail/record.hpp>

#include <exception>
#include <utility>

namespace taskactor::detail {

class killed_body {
public:
  /// `leaf`: of its frames; null if it has none.
  void keep(promise_base* leaf) noexcept {
    was_killed_ = is_there_ = true;
    leaf_ = leaf;
  }
  bool was_killed() const noexcept { return was_killed_; }
  /// It was killed, and isn't destroyed yet.
  bool is_there() const noexcept { return is_there_; }
  /// `of`: the record that has its callable and arguments. Returns what a destructor has thrown.
  std::exception_ptr destroy(record& of) noexcept {
    is_there_ = false;
    auto thrown = destroy_chain(std::exchange(leaf_, nullptr));
    if (const auto more = of.discard_body())
      thrown = more;
    return thrown;
  }

private:
  promise_base* leaf_ = nullptr;
  bool was_killed_ = false, is_there_ = false;
};

} // namespace taskactor::detail
