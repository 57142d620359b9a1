/// The socket of a link between nodes, as its broker has it: what goes out is written straight into it, as
/// long as nothing waits before that, and by CAF what it doesn't take then.
///
///     the session's output ----write----> socket, or CAF's buffer: `waiting`
///     the link's frames --next_piece--> the session, or as they are --write--^
///
/// Threads: the broker's. What is said to be under `wire` is: other threads write into it as well.
#pragma once

#include "transport/node_link.hpp"
#include "transport/read_size.hpp"

#include <caf/io/connection_handle.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace caf::io {
class broker;
}

namespace taskactor::detail {

class link_socket {
public:
  /// The link is there as long as anything is called.
  explicit link_socket(node_link& owner) : owner_(owner) {}

  /// The broker has the socket from now on, and reads.
  void adopt(caf::io::broker& self, unique_fd socket);
  bool is_open() const noexcept { return self_ != nullptr; }
  int number() const noexcept { return static_cast<int>(connection_.id()); }
  /// So much has come at once: how much is read at a time follows.
  void adapt(std::size_t received);

  // -- under `wire` ---------------------------------------------------------
  void write(std::string_view bytes);
  bool has_room() const noexcept;
  /// What the link has to send next, which counts as sent; empty: nothing. It may write what has to go before
  /// that. The bytes stay until the next call.
  std::string_view next_piece();
  /// True: the link has drained.
  bool has_drained();

  // -- what CAF has ---------------------------------------------------------
  void set_waiting(std::size_t bytes) noexcept { waiting_ = bytes; }
  /// Of what was written all is with the system.
  bool is_written() const noexcept { return waiting_ == 0; }
  /// Of the link nothing is left, here or with CAF.
  bool is_empty() const noexcept { return left() == 0; }

  /// What the link had to send isn't sent any more.
  void discard();
  /// The other side reads the end of the stream.
  void end_output();
  /// Both directions: CAF would wait until what it has is written.
  void shut_down();

private:
  std::size_t left() const noexcept { return discarded_ ? 0 : sending_.size() - sent_ + waiting_; }
  void read_on();

  node_link& owner_;
  caf::io::broker* self_ = nullptr;
  caf::io::connection_handle connection_{};
  read_size read_size_;
  std::string sending_;     // taken from the link
  std::size_t sent_ = 0;    // of `sending_`, to CAF
  std::size_t waiting_ = 0; // with CAF
  bool discarded_ = false, output_ended_ = false;
};

} // namespace taskactor::detail
