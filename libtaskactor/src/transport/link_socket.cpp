#include "transport/link_socket.hpp"

#include "base/free_memory.hpp"
#include "caf_adapter/compat_io.hpp"
#include "transport/node_broker.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <utility>

#include <sys/socket.h>

namespace taskactor::detail {

namespace {

/// Encrypted at a time: the other side decrypts the one while this side encrypts the next.
constexpr std::size_t piece_size = std::size_t{1} << 16;
/// CAF gets no more at a time: its buffers keep what they once had.
constexpr std::size_t write_window = std::size_t{1} << 20;

} // namespace

void link_socket::adopt(caf::io::broker& self, unique_fd socket) {
  connection_ = self.add_scribe(socket.release());
  self_ = &self;
  self.ack_writes(connection_, true);
  read_on();
}

void link_socket::adapt(std::size_t received) {
  if (read_size_.adapt(received))
    read_on();
}

void link_socket::read_on() {
  self_->configure_read(connection_, caf::io::receive_policy::at_most(read_size_.bytes()));
}

void link_socket::write(std::string_view bytes) {
  if (waiting_ == 0 && !bytes.empty())
    bytes.remove_prefix(node_link_access::write(owner_, bytes));
  waiting_ += bytes.size();
  node_link_access::hand(owner_, left());
  if (bytes.empty())
    return;
  self_->write(connection_, bytes.size(), bytes.data());
  self_->flush(connection_);
}

bool link_socket::has_room() const noexcept { return waiting_ < write_window; }

std::string_view link_socket::next_piece() {
  if (sent_ == sending_.size()) {
    write(node_link_access::take_spilled(owner_));
    node_link_access::take(owner_).swap(sending_); // what was there is not kept for what comes
    sent_ = 0;
  }
  const auto piece = std::string_view{sending_}.substr(sent_, piece_size);
  sent_ += piece.size(); // first: `left` counts it once
  return piece;
}

bool link_socket::has_drained() { return node_link_access::has_drained(owner_, left()); }

void link_socket::discard() {
  discarded_ = true;
  free_memory(sending_);
}

void link_socket::end_output() {
  if (!std::exchange(output_ended_, true))
    ::shutdown(number(), SHUT_WR);
}

void link_socket::shut_down() { ::shutdown(number(), SHUT_RDWR); }

} // namespace taskactor::detail
