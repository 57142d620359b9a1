/// A thread of the program's; or an error that says what there is none for.
#pragma once

#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace taskactor::cli {

/// Errors: `std::system_error`, with the system's code.
template <class F>
std::thread new_thread(const char* what_for, F&& body) {
  try {
    return std::thread{std::forward<F>(body)};
  } catch (const std::system_error& error) {
    throw std::system_error{error.code(), "there is no thread left for " + std::string{what_for}};
  }
}

} // namespace taskactor::cli
