/// Why a link has ended, or never came to be.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace taskactor::detail {

enum class link_end {
  ended,            ///< the other side has ended it
  cut,              ///< this side has: `close`, `cut`, or the end of `node_links`
  not_reached,      ///< nobody listens there, or there is no way, or no such name
  timed_out,        ///< connecting or the handshake took longer than `handshake_timeout`
  insecure,         ///< without an identity, to an address that isn't local
  no_identity,      ///< a file of this side's own is missing, can't be read, or isn't what it should be
  no_certificate,   ///< the other side has shown none
  other_authority,  ///< the other side's certificate is of another authority, or of none
  expired,          ///< the other side's certificate has expired, or isn't valid yet
  wrong_name,       ///< the other side's certificate is for other names than the expected one
  refused,          ///< the other side has refused this one; the text has what it said
  not_tls,          ///< what came is no TLS, or none that can be agreed on
  not_a_link,       ///< what came is no greeting of a link's, or of another version
  broken_frame,     ///< what came can't be cut into frames
  large_frame,      ///< a frame was announced that is beyond the bound
  slow_reader,      ///< more waits to be sent than the bound: the other side doesn't take it
  many_connections, ///< there are as many as there may be
  many_handshakes,  ///< too many had not greeted yet, and this was the oldest of them
  not_allowed,      ///< the acceptor didn't want this peer
  no_resources,     ///< no descriptor, thread or memory was left
};
constexpr std::size_t link_ends = 20; // how many there are

/// As it is written: "slow_reader".
std::string_view to_string(link_end what) noexcept;

struct link_reason {
  link_end what = link_end::ended;
  std::string text; // a sentence for people
};

/// A link can't come to be.
class link_failure : public std::runtime_error {
public:
  link_failure(link_end what, const std::string& text) : runtime_error(text), what_(what) {}
  link_reason reason() const { return {what_, what()}; }

private:
  link_end what_;
};

} // namespace taskactor::detail
