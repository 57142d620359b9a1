/// The same over links between nodes.
#pragma once

#include "transport/link_options.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>

namespace bench {

/// Sends back each frame, until the link ends. Without TLS: an empty identity.
void linked_echo(const taskactor::detail::link_identity& as, const std::function<void(std::uint16_t)>& tell);

/// The seconds of so many round trips, `window` of them on their way at a time.
double linked_round_trips(const taskactor::detail::link_identity& as, std::uint16_t port, std::size_t bytes,
                          std::size_t count, std::size_t window);

} // namespace bench
