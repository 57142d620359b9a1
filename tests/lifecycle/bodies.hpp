/// Bodies that several tests use.
#pragma once

#include <taskactor/taskactor.hpp>

#include <stdexcept>

namespace test {

namespace ta = taskactor;
using namespace std::chrono_literals;

inline ta::task<int> after(std::chrono::nanoseconds pause, int value) {
  co_await ta::sleep_for(pause);
  co_return value;
}

inline ta::task<int> failing(std::chrono::nanoseconds pause) {
  co_await ta::sleep_for(pause);
  throw std::runtime_error{"boom"};
}

inline ta::task<int> hanging() {
  co_await ta::sleep_for(std::chrono::hours{24 * 365});
  co_return 0;
}

inline ta::task<void> hanging_twice() {
  co_await hanging();
  co_await hanging();
}

/// Ends by nothing but a kill.
inline ta::task<int> swallowing(int* seen = nullptr) {
  for (;;) {
    try {
      co_await ta::sleep_for(std::chrono::hours{24 * 365});
    } catch (const ta::cancelled_error&) {
      if (seen)
        ++*seen;
    }
  }
}

/// Says how it was destroyed.
struct witness {
  int* gone;
  explicit witness(int* where) : gone(where) {}
  witness(const witness&) = delete;
  witness& operator=(const witness&) = delete;
  ~witness() { ++*gone; }
};

} // namespace test
