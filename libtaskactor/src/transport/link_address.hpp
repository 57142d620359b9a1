/// `link_address`: where a link goes to, or is listened for.
///
///     unix:/run/me.socket    a Unix socket
///     127.0.0.1:4000         [::1]:4000         node7.example:4000
///     :4000                  listened for: on all addresses; called: this machine
///     host                   the default port
///
/// Errors: `std::system_error` with `errc::invalid_argument`; the text says what is wrong with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace taskactor::detail {

struct link_address {
  static constexpr std::uint16_t default_port = 4710;

  std::string path; // of a Unix socket; then there is no host
  std::string host; // without the brackets; empty: all addresses, or this machine
  std::uint16_t port = 0;

  static link_address parse(std::string_view text);
  std::string text() const;
  /// A Unix socket, or an address that no other machine can be reached by, nor reach: told without a
  /// resolver. An empty host is not: it is listened for on all addresses.
  bool is_local() const;
  bool operator==(const link_address&) const = default;
};

} // namespace taskactor::detail
