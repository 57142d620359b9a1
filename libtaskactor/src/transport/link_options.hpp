/// The terms of a link between nodes: who one is, who the other is, and how much there may be of everything.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>

namespace taskactor::detail {

/// Files in PEM. All empty: without TLS, which only a local address may go. They are read again when they
/// have changed: certificates are renewed by replacing the files.
struct link_identity {
  std::filesystem::path authority; // whose certificates are believed
  std::filesystem::path certificate;
  std::filesystem::path key;
  bool empty() const { return authority.empty() && certificate.empty() && key.empty(); }
};

struct link_peer {
  std::string name;    // of its certificate: the first DNS name, else the common name; empty without TLS
  std::string address; // "192.0.2.7:41234", "unix:/path"
};

/// Errors of what takes them: `std::system_error` with `errc::invalid_argument`, which names the field.
struct link_bounds {
  std::size_t frame = std::size_t{16} << 20;         // bytes of a frame's content, in both directions
  std::size_t queued = std::size_t{64} << 20;        // bytes that wait to be sent: beyond it `slow_reader`
  std::size_t low_water = std::size_t{1} << 20;      // fewer wait again: `on_drained`
  std::size_t connections = 1024;                    // accepted at the same time
  std::size_t handshakes = 64;                       // of these, that haven't greeted yet
  std::chrono::milliseconds handshake_timeout{5000}; // connecting, handshake and greeting together
  std::chrono::milliseconds closing_timeout{2000};   // for what waits to be sent after `close`
};

} // namespace taskactor::detail
