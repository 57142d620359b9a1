#include <taskactor/sync/one_shot.hpp>

#include <taskactor/error.hpp>
#include <taskactor/expected.hpp>

namespace taskactor::detail {

void throw_never_set() { throw error{errc::closed, "a one_shot: its last copy is gone, and it wasn't set"}; }

void throw_value_taken(bool by_another) {
  throw error{errc::result_taken,
              by_another ? "a one_shot: its value can't be copied, and somebody else has taken it"
                         : "a one_shot: its value can't be copied, and others have looked at it, and have "
                           "copies of the one_shot: it can't be moved away from under them"};
}

void refuse_no_exception() {
  throw_rejection({errc::invalid_argument, "set_exception: there is no exception in it"});
}

} // namespace taskactor::detail
