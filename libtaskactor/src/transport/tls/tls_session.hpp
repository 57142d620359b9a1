/// `tls_session`: TLS 1.3 with both certificates, without a socket: bytes in, bytes out.
///
/// What OpenSSL complains of is kept in a queue of the thread's, where the next session's calls would find
/// it: each call begins with an empty one. Threads: one at a time.
#pragma once

#include "transport/link_reason.hpp"
#include "transport/link_role.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;
struct bio_st;

namespace taskactor::detail {

class tls_session {
public:
  /// `expected_name`: what the other side's certificate has to be for, a DNS name or an IP address; empty:
  /// anything. Errors: `std::bad_alloc`; `link_failure` for what can't be a name.
  tls_session(std::shared_ptr<ssl_ctx_st> with, link_role role, const std::string& expected_name);
  ~tls_session();
  tls_session(const tls_session&) = delete;
  tls_session& operator=(const tls_session&) = delete;

  /// The side that calls speaks first.
  void begin();
  /// From the other side; what it says is appended to `plain`.
  void take(std::string_view bytes, std::string& plain);
  /// Only when it is established.
  void send(std::string_view plain);
  /// Says goodbye.
  void finish();
  /// For the other side.
  std::string take_output();

  /// The handshake is over at this side. A side that calls doesn't know yet whether it is believed.
  bool established() const noexcept { return established_; }
  /// The other side has said goodbye.
  bool ended() const noexcept { return ended_; }
  const std::optional<link_reason>& fault() const noexcept { return fault_; }
  /// Of the certificate that was shown and believed: the first DNS name, else the common name.
  const std::string& peer_name() const noexcept { return peer_name_; }

private:
  struct parts;
  void shake_hands();
  void read(std::string& plain);
  void failed();

  const std::unique_ptr<parts> parts_;
  std::string peer_name_;
  std::optional<link_reason> fault_;
  bool established_ = false, ended_ = false;
};

} // namespace taskactor::detail
