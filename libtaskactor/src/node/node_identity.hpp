/// Who a node is: checked options, and what makes each of its runs another one.
#pragma once

#include <taskactor/node/node_options.hpp>

#include <cstdint>
#include <string>

namespace taskactor::detail {

/// With a name. Errors: `std::system_error{errc::invalid_argument}`, naming the field.
node_options checked(node_options options);
/// RFC 9562, version 4.
std::string new_uuid();
/// Nanoseconds of the wall clock: higher for a later run.
std::uint64_t new_incarnation();

} // namespace taskactor::detail
