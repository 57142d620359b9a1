/// A thread; or, when the machine or a limit leaves none, an error that says what it would have been for.
#pragma once

#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace taskactor::detail {

/// Errors: `std::system_error`, with the system's code.
[[noreturn]] inline void no_thread(const std::system_error& why, const std::string& what_for) {
  throw std::system_error{why.code(), "there is no thread left for " + what_for};
}

template <class Thread = std::thread, class F>
Thread new_thread(const char* what_for, F&& body) {
  try {
    return Thread{std::forward<F>(body)};
  } catch (const std::system_error& error) {
    no_thread(error, what_for);
  }
}

} // namespace taskactor::detail
