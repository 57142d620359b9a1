/// What a `node` is made with.
#pragma once

#include <taskactor/node/access_rule.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace taskactor {

/// Files in PEM, read again when they have changed. All empty: without TLS, which goes only over Unix sockets
/// and addresses of this machine alone.
struct node_certificates {
  /// Whose certificates are believed.
  std::filesystem::path authority{};
  /// This node's own, and its key: refused unless it is private. Others must not be able to read or change
  /// it; its group may read it if it is root's.
  std::filesystem::path certificate{}, key{};
};

/// What peers may take of a node at most.
struct node_limits {
  /// Of a connection, to the end of its greeting.
  time_span handshake_timeout = std::chrono::seconds{5};
  /// Bytes of a call's arguments or its result, and what is around them; at most 64 MiB.
  std::size_t max_frame = std::size_t{16} << 20;
  /// Bytes that wait to be sent to one peer: who doesn't read them is cut off.
  std::size_t max_queued = std::size_t{64} << 20;
  /// Accepted connections, and those of them that haven't greeted yet.
  std::size_t max_connections = 1024, max_handshakes = 64;
};

/// Checked at construction. Errors: `std::system_error{errc::invalid_argument}`, naming the field.
struct node_options {
  /// By which others know it; at most 255 bytes. With a certificate it has to be that one's name, or that, a
  /// slash and more. Two nodes of one name can't be there at once: the later run takes the place of the
  /// earlier. Empty: the certificate's name, or without one the machine's and the process's number. What
  /// begins with a slash is put behind the certificate's name.
  std::string name{};
  /// What it has that others may ask for: `on_label`.
  std::vector<std::string> labels{};
  /// Calls of others that run here at once, as far as the manager's own capacity isn't in use. Unset: as many
  /// as that. Zero: none, it only makes calls.
  std::optional<std::size_t> capacity{};
  /// Calls beyond these that wait here, so that the next begins at once.
  std::size_t prefetch = 2;
  node_certificates certificates{};
  /// Who may run what here. Empty: all who have a session, everything.
  std::vector<access_rule> rights{};
  /// How often a sign of life is sent. It has to be the same for all.
  time_span heartbeat = std::chrono::milliseconds{500};
  /// A node that nothing was heard of for so long is lost. Within 250 ms more both sides know it.
  time_span lease = std::chrono::seconds{2};
  node_limits limits{};
  /// How long `leave` without a bound, and the destructor, wait for calls that run.
  time_span drain = std::chrono::seconds{30};
};

} // namespace taskactor
