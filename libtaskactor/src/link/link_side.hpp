#pragma once

namespace taskactor::detail {

/// Which end of a link this is.
enum class link_side { calling, listening };

} // namespace taskactor::detail
