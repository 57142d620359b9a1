#pragma once

namespace taskactor::detail {

/// Which end of a link this is.
enum class link_role { calling, listening };

} // namespace taskactor::detail
