/// The rules of who is there, as plain structs and functions without CAF or clocks in them: when a peer that
/// says nothing is suspect and when it is lost, when an address is tried again, and what to say to a hello.
///
///     opening --hello--> greeting --welcome--> up --0.5 s--> suspect --2 s--> over
///                                               ^--- anything is heard ---|
#pragma once

#include "node/protocol.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor::detail {

using node_time = std::chrono::steady_clock::time_point;

struct node_times {
  std::chrono::nanoseconds heartbeat = std::chrono::milliseconds{500};
  /// Nothing heard for so long: its calls are lost, and it has lost its own.
  std::chrono::nanoseconds lease = std::chrono::seconds{2};
  /// From the connection to the welcome.
  std::chrono::nanoseconds greeting = std::chrono::seconds{5};
  std::chrono::nanoseconds first_pause = std::chrono::milliseconds{100};
  std::chrono::nanoseconds longest_pause = std::chrono::seconds{10};
};

/// What has been heard of a peer.
class node_lease {
public:
  enum class standing : std::uint8_t { sound, suspect, lost };

  explicit node_lease(node_time now) noexcept : heard_(now) {}
  /// Lost is lost: nothing that comes later brings it back.
  standing at(node_time now, const node_times& times) noexcept;
  /// False: too late. A process that was stopped finds its own leases run out before it hears anything.
  bool heard(node_time now, const node_times& times) noexcept;

private:
  node_time heard_;
  bool lost_ = false;
};

/// When an address is dialled again: after 0.1 s, then twice as long each time, up to 10 s; each between half
/// of it and the whole, by chance, so that nodes that have lost one another don't all come at once.
class back_off {
public:
  /// `chance`: from zero to one.
  std::chrono::nanoseconds failed(const node_times& times, double chance) noexcept;
  void succeeded() noexcept { failures_ = 0; }
  unsigned failures() const noexcept { return failures_; }

private:
  unsigned failures_ = 0;
};

struct node_self {
  std::string name, uuid;
  std::uint64_t incarnation = 0;
};

/// What there is of a peer when its hello comes over another connection.
struct present_session {
  std::string uuid;
  std::uint64_t incarnation;
};

struct greeting_verdict {
  enum class what : std::uint8_t {
    refuse,  ///< for `why`
    welcome, ///< say so: it is up
    wait     ///< the other end decides
  };
  what then = what::refuse;
  close_reason why{};
  std::string text{};
  bool replaces = false; ///< the present session is over
};

/// Whose rights count: "ops" of "ops/cli-17", as programs call themselves that share a certificate.
std::string_view principal_of(std::string_view name) noexcept;

/// Of two nodes the one whose name is less decides which of their connections they use, so that they never
/// choose differently. `certified`: the name in the certificate, or empty.
greeting_verdict judge_hello(const node_self& self, const node_frames::hello& from,
                             std::string_view certified, const std::optional<present_session>& present);

} // namespace taskactor::detail
