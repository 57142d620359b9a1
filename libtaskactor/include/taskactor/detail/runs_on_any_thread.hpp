/// `detail::runs_on_any_thread<F>`: not for users.
#pragma once

namespace taskactor::detail {

/// Of a body of the library's own that neither blocks nor runs a user's code: any thread may run it.
template <class F>
inline constexpr bool runs_on_any_thread = false;

} // namespace taskactor::detail
