/// `link_session`: one end of a link between nodes, without a socket: what comes in, what goes out, and when
/// it is over.
///
///     bytes from the socket ──take──▶ (TLS) ──▶ [greeting] ──▶ frames to its user
///     frames to send ────────send───▶ (TLS) ──▶ output ──────▶ bytes for the socket
///
/// What comes is believed in nothing: before the greeting a frame of more than 1 KiB isn't even waited for.
/// Threads: one at a time; while it is up another one may send and take output under `wire`, which `take`
/// holds only while it decrypts: its user may send out of a call.
#pragma once

#include "transport/frame.hpp"
#include "transport/link_reason.hpp"
#include "transport/link_role.hpp"
#include "transport/tls/tls_session.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor::detail {

/// What one end of a link is told. It must not end the session in a call.
class link_session_user {
public:
  virtual ~link_session_user() = default;
  /// The listening side's: the other has greeted. False: it may not come in.
  virtual bool admit() noexcept = 0;
  virtual void up() noexcept = 0;
  virtual void frame(std::string_view content) noexcept = 0;
};

class link_session {
public:
  link_session(link_role role, std::size_t most, link_session_user& user, std::mutex& wire);

  /// The socket is connected. Without TLS: null.
  void begin(std::unique_ptr<tls_session> tls);
  void take(std::string_view bytes);
  /// What is to be sent may as well be given to the socket as it is.
  bool is_plain() const noexcept { return !tls_; }
  /// Whole frames. Its user sends only when it is up.
  void send(std::string_view frames);
  /// Before it is up: the other side is told why it isn't wanted.
  void refuse(link_reason why);

  /// Nothing will be sent any more: says goodbye.
  void finish();

  bool is_up() const noexcept { return up_; }
  /// Without TLS, when it is up: the greeting is in the output still, and has to be sent first.
  bool has_greeting() const noexcept { return !output_.empty(); }
  /// By its certificate; empty without TLS.
  std::string peer_name() const { return tls_ ? tls_->peer_name() : std::string{}; }
  /// Once it is over nothing is taken any more; what is in the output is still to be sent.
  const std::optional<link_reason>& over() const noexcept { return over_; }
  /// What has to be sent now.
  std::string take_output();

private:
  void greet();
  void take_encrypted(std::string_view bytes);
  std::optional<link_reason> decrypt(std::string_view bytes);
  void take_plain(std::string_view bytes);
  void take_frames();
  void greeted(std::string_view content);
  void broken();
  void end(link_end what, std::string text);

  const link_role role_;
  const std::size_t most_; // bytes of a frame
  link_session_user& user_;
  std::mutex& wire_;
  frame_cutter cutter_;
  std::unique_ptr<tls_session> tls_;
  std::string output_; // beside TLS
  std::optional<link_reason> over_;
  bool up_ = false;
  bool anything_ = false; // has come
};

} // namespace taskactor::detail
