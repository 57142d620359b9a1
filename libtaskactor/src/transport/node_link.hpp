/// `node_links`: frames to and from other nodes, over TCP or Unix sockets, by brokers of CAF's.
///
///     caller                                         listening side
///     connect ──(TLS 1.3, both certificates)──────▶  accept
///     ["taskactor", 1] ───────────────────────────▶  on_peer: who hears of it, or null: it may not come in
///     on_open ◀─────────────────── ["taskactor", 1]  on_open
///       send, send, ...     on_frame ...   on_closed(reason), once, last
///
/// A link is up with the other side's greeting: in TLS 1.3 a caller ends its handshake before it is known
/// whether its certificate is believed. Who is refused is told so, in a frame `["refused", why, text]` in the
/// greeting's place or by TLS's alert.
///
/// The brokers live in an actor system of their own, with one thread for all links; each listening has a
/// thread that accepts, each call one until it is connected.
///
/// Errors: see each; what goes wrong later comes as a `link_reason`.
/// Threads: any. Listeners and acceptors are called on threads of `node_links`', and must not block.
#pragma once

#include "transport/link_address.hpp"
#include "transport/link_options.hpp"
#include "transport/link_reason.hpp"
#include "transport/socket.hpp"

#include <caf/actor.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace taskactor::detail {

class link_session;
class node_link;

/// The calls for one link come one after the other.
class node_link_listener {
public:
  virtual ~node_link_listener() = default;
  /// The link is up. It is kept by who wants to send; let go of it in `on_closed`.
  virtual void on_open(std::shared_ptr<node_link> opened, const link_peer& peer) noexcept = 0;
  /// The content of a frame, whatever it is: `read_frame` decodes it.
  virtual void on_frame(std::string_view content) noexcept = 0;
  /// `queued()` is below `low_water` again, after it was above.
  virtual void on_drained() noexcept {}
  /// No more comes. It may come without `on_open`.
  virtual void on_closed(const link_reason& reason) noexcept = 0;
};

class node_link_acceptor {
public:
  virtual ~node_link_acceptor() = default;
  /// Somebody has greeted, and shown a certificate of ours if there is an identity. Null: `not_allowed`.
  virtual std::shared_ptr<node_link_listener> on_peer(const link_peer& peer) noexcept = 0;
  /// Somebody was refused: told for each reason once for each peer (its address without the port), counted
  /// always. Several threads may call at the same time.
  virtual void on_refused(const link_peer& peer, const link_reason& reason) noexcept = 0;
};

class node_link {
public:
  /// A frame as `make_frame` makes it. What can't be sent any more, since the link has ended, is dropped.
  /// Short ones are in the socket when it returns, if nothing waits before them.
  /// Errors: `std::length_error` beyond `link_bounds::frame`.
  void send(std::string frame);
  /// The bytes that have been sent and not been taken by the system yet.
  std::size_t queued() const;
  /// What has been sent is still delivered, as far as the other side takes it within `closing_timeout`.
  void close();
  /// At once; what waits is lost.
  void cut();

private:
  friend struct node_link_access;
  bool send_now(const std::string& frame);

  link_bounds bounds_;
  mutable std::mutex mutex_;        // what follows, and what the session does with TLS
  unique_fd direct_;                // beside the broker's; while the link is up
  link_session* session_ = nullptr; // the broker's, as long
  std::string spilled_;    // what the socket hasn't taken of a frame that it was given, as it has to be sent
  std::string outgoing_;   // not taken by the broker yet
  std::size_t handed_ = 0; // taken by the broker, not by the system yet
  bool posted_ = false;    // the broker has been told of `outgoing_`
  bool high_ = false;      // it was above `low_water`
  bool over_ = false;
  caf::actor broker_;
};

struct refusal_counts {
  std::array<std::uint64_t, link_ends> of{}; // by link_end
  std::uint64_t operator[](link_end what) const { return of[static_cast<std::size_t>(what)]; }
  std::uint64_t total() const;
};

/// Stops: `close`, or its end: no more are accepted; the links that are there stay.
class node_listening {
public:
  ~node_listening();
  node_listening(const node_listening&) = delete;
  node_listening& operator=(const node_listening&) = delete;

  /// With the port that was given for port 0.
  const link_address& address() const noexcept;
  refusal_counts refused() const;
  /// Accepted ones that are there now, and those of them that haven't greeted yet.
  std::size_t connections() const;
  std::size_t handshakes() const;
  void close();

private:
  friend class node_links;
  struct parts;
  explicit node_listening(std::shared_ptr<parts> made);
  std::shared_ptr<parts> parts_;
};

class node_links {
public:
  node_links();
  /// Cuts all links, after half a second those that are being closed and haven't come to their end by then.
  /// Their listeners have been called for the last time when it returns.
  ~node_links();
  node_links(const node_links&) = delete;
  node_links& operator=(const node_links&) = delete;

  /// Returns at once; the listener hears of the end, however soon it comes. `expected_name`: a DNS name that
  /// the other side's certificate must have; empty: the address's host; any where it has none
  /// (a Unix socket, or this machine).
  /// Errors: `std::system_error`: bounds that can't be (`errc::invalid_argument`); no descriptor is left.
  std::shared_ptr<node_link> connect(const link_address& to, const link_identity& as,
                                     const std::string& expected_name, const link_bounds& bounds,
                                     std::shared_ptr<node_link_listener> listener);

  /// Errors: `std::system_error`: the address is taken or isn't this machine's; `errc::invalid_argument` for
  /// bounds that can't be, an identity that can't be used, and for none where the address isn't local.
  std::shared_ptr<node_listening> listen(const link_address& at, const link_identity& as,
                                         const link_bounds& bounds,
                                         std::shared_ptr<node_link_acceptor> acceptor);

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace taskactor::detail
