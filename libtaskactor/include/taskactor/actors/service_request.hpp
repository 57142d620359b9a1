/// `request` through a name: `co_await ta::request<int>(services.whereis("cache"), 2s, question)`. See
/// `service.hpp` for what becomes of calls to a service that is down, and `actors/request.hpp` for what
/// g++ 12 does to a message that is made within the await.
#pragma once

#include <taskactor/actors/service.hpp>
#include <taskactor/detail/service_waits.hpp>
#include <taskactor/time_span.hpp>

#include <utility>

namespace taskactor {

/// As `request` to an actor. Errors: also `std::system_error{errc::service_down}`; `errc::invalid_argument`
/// for a service that isn't an actor. Stops: also while it waits for the service to run.
template <class... Rs, class... Ts>
[[nodiscard]] task<detail::reply_values<Rs...>> request(const service& to, time_span timeout,
                                                        Ts&&... message) {
  return detail::request_through<Rs...>(to, timeout, caf::make_message(std::forward<Ts>(message)...));
}

} // namespace taskactor
