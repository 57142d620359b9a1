/// What a call of a store answers, or what went wrong as an exception.
#pragma once

#include <taskactor/error.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/queue/store_call.hpp>

#include <utility>

namespace taskactor::cli {

/// The value of a call. Errors: `error`.
template <class T>
T value_of(expected<T> what) {
  if (!what)
    throw error{what.error().code, what.error().message};
  return std::move(*what);
}
template <class T>
T value_of(const store_call<T>& call) {
  return value_of(call.get());
}

} // namespace taskactor::cli
