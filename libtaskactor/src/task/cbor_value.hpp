/// A JSON value of the CBOR (RFC 8949) that it was sent as.
///
/// nlohmann-json has this as well, reads what it reads in the same way, and writes it for us. It goes byte by
/// byte through strings, which takes 3 ms for a MiB, and calls itself for each level.
#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string_view>

namespace taskactor::detail {

/// Null: not one whole value of a kind that JSON has, or that nlohmann-json writes: without tags, lengths
/// that aren't given, and integers below those of C++. Errors: `std::bad_alloc`.
std::optional<nlohmann::json> read_cbor(std::string_view bytes);

} // namespace taskactor::detail
