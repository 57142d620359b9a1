#include <taskactor/detail/foreign_driver.hpp>
#include <taskactor/expected.hpp>

namespace taskactor::detail {

void refuse_second_await() {
  throw_rejection(
      {errc::invalid_argument, "this await has been made already: what it was given was used up by that"});
}

void refuse_future_without_state() {
  throw_rejection(
      {errc::invalid_argument, "adapt: this future has no state: it was moved from, or its value taken"});
}

} // namespace taskactor::detail
