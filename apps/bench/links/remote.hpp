/// Calls of named tasks on other nodes, and, to compare, messages to an actor by CAF's own networking.
#pragma once

#include "transport/link_options.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace bench {

/// A node that runs so many calls at once, until who has come to it is gone. Without TLS: an empty identity.
void serve_calls(const taskactor::detail::link_identity& as, std::size_t capacity,
                 const std::function<void(std::uint16_t)>& tell);

/// The seconds of so many calls: each with a text of so many bytes as its argument, and the text's size as
/// its result; `at_once` of them on their way.
double call_seconds(const taskactor::detail::link_identity& as, std::uint16_t port, std::size_t bytes,
                    std::size_t count, std::size_t at_once);

/// The seconds of a gather over these nodes of so many items that compute for two milliseconds each.
double gather_seconds(const taskactor::detail::link_identity& as, const std::vector<std::uint16_t>& ports,
                      std::size_t count);

/// An actor that is published by `caf::io::middleman` with its defaults, and sends back texts.
void serve_basp(const std::function<void(std::uint16_t)>& tell);
/// The seconds of so many requests to it.
double basp_seconds(std::uint16_t port, std::size_t bytes, std::size_t count);

} // namespace bench
