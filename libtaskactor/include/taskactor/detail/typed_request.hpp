/// What a typed actor's interface says of a `request`. Not for users.
#pragma once

#include <caf/detail/implicit_conversions.hpp>
#include <caf/message.hpp>
#include <caf/response_type.hpp>

#include <tuple>
#include <type_traits>

namespace taskactor::detail {

/// Of a typed actor: whether it takes such a message, and what it replies with. Of another: whatever.
template <class Handle, class... Ts>
struct typed_request {
  using found
      = caf::response_type<typename Handle::signatures, typename caf::detail::strip_and_convert<Ts>::type...>;
  static constexpr bool is_taken = found::valid;
  template <class... Rs>
  static constexpr bool replies_with() {
    using replied = typename found::tuple_type;
    return std::is_same_v<replied, caf::message> || std::is_same_v<replied, std::tuple<Rs...>>
           || (sizeof...(Rs) == 0 && std::is_same_v<replied, std::tuple<void>>);
  }
};

/// Else a static assertion says why not.
template <class Interface, class... Rs>
constexpr bool fits_interface() {
  static_assert(Interface::is_taken, "request: the message: this typed actor takes none of these types");
  if constexpr (Interface::is_taken) {
    static_assert(Interface::template replies_with<Rs...>(),
                  "request: the reply: this typed actor replies to this message with values of other types");
    return Interface::template replies_with<Rs...>();
  }
  return false;
}

} // namespace taskactor::detail
