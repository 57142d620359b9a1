/// What links are measured against: a loop of blocking reads and writes on a socket, with OpenSSL on it or
/// not.
#pragma once

#include "transport/link_options.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>

namespace bench {

/// Listens at a free port of this machine, tells it, and sends back what the first who calls sends, each time
/// when so many bytes of it have come.
void bare_echo(const taskactor::detail::link_identity& as, bool tls, std::size_t bytes,
               const std::function<void(std::uint16_t)>& tell);

/// The seconds of so many round trips, `bytes` each way.
double bare_round_trips(const taskactor::detail::link_identity& as, bool tls, std::uint16_t port,
                        std::size_t bytes, std::size_t count);

} // namespace bench
