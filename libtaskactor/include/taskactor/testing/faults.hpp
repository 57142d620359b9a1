/// Faults that a test orders: the thread that is lost, the process that doesn't start. See
/// `testing::manager`.
#pragma once

#include <taskactor/errc.hpp>
#include <taskactor/field.hpp>
#include <taskactor/testing/stuck.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace taskactor::testing {

/// Which one it happens to: the `nth` from the order of the fault on, counted from one, in the order in which
/// they get their tokens. With `task` only those of the task with this id count; an item of a gather has an
/// id as well.
struct occurrence {
  std::size_t nth = 1;
  field<std::string> task{};
};

/// When the thread of a call is lost.
enum class when_lost : std::uint8_t {
  /// The call is never made.
  before_call,
  /// The call is made, on a thread, with all its effects; its wake-up is lost: nobody hears of it.
  after_call,
};

/// What the await of a call whose thread was lost throws, should the thread be brought back.
class thread_lost : public test_error {
public:
  thread_lost() : test_error("the thread of this call was lost: the test ordered it") {}
};

} // namespace taskactor::testing
