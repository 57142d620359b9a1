/// An operation that the test answers by hand, at any time and from any thread.
#pragma once

#include <taskactor/taskactor.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace test {

namespace ta = taskactor;
using namespace std::chrono_literals;

/// Kept by the test; its bodies refer to it.
template <class T>
struct desk {
  std::vector<ta::resumer<T>> asked;
  int cancelled = 0;

  ta::resumer<T> take() {
    auto last = std::move(asked.back());
    asked.pop_back();
    return last;
  }
};

/// Awaits what somebody at the desk will answer.
template <class T>
ta::task<T> ask(desk<T>& at, ta::callback_options how = {}) {
  const auto start = [&at](ta::resumer<T> resume) {
    at.asked.push_back(std::move(resume));
    return [&at] { ++at.cancelled; };
  };
  co_return co_await ta::callback<T>(start, how);
}

inline std::exception_ptr a_fault() { return std::make_exception_ptr(std::runtime_error{"line down"}); }

/// Of a `std::system_error`; none: another exception, or none at all.
template <class F>
std::optional<ta::errc> code_of(F&& what) {
  try {
    std::forward<F>(what)();
  } catch (const std::system_error& e) {
    if (e.code().category() == ta::error_category())
      return static_cast<ta::errc>(e.code().value());
  } catch (...) { // as said
  }
  return {};
}

} // namespace test
