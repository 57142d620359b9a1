/// `fail_each`: no memory, at each place of a call in turn. To be included by one file of a program, as
/// `failing_new.hpp`.
#pragma once

#include "support/failing_new.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <new>

namespace test {

/// Fails the first, the second ... allocation of `call`, until a run has no failure. Before each run
/// `prepare()`, after it `check(threw)`: whether it has thrown `std::bad_alloc`. Returns how many runs there
/// were.
inline long fail_each(const std::function<void()>& prepare, const std::function<void()>& call,
                      const std::function<void(bool threw)>& check) {
  bool failed = true;
  long n = 1;
  for (; failed && n < 1000; ++n) {
    prepare();
    bool threw = false;
    {
      const failing_allocation here{n};
      try {
        call();
      } catch (const std::bad_alloc&) {
        threw = true;
      }
      failed = here.has_failed();
    }
    BOOST_TEST_CONTEXT("allocation " << n)
    check(threw);
  }
  return n - 1;
}
/// Of a call that does allocate.
inline void fail_each(const std::function<void()>& call, const std::function<void(bool threw)>& check) {
  BOOST_TEST(fail_each([] {}, call, check) > 1);
}

} // namespace test
