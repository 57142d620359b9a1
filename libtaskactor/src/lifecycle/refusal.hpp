/// A rejection as the error of a reply, which `msg::why` reads.
#pragma once

#include <taskactor/expected.hpp>

#include <caf/error.hpp>
#include <caf/sec.hpp>

namespace taskactor::detail {

inline caf::error refusal(const rejection& what) {
  return caf::make_error(caf::sec::runtime_error, what.message, static_cast<int>(what.code));
}

} // namespace taskactor::detail
