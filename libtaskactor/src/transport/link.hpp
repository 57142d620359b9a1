/// `link`: frames to and from another process, over a connected stream socket, by a broker of CAF's.
///
///     auto host = std::make_shared<link_host>();
///     auto to_child = host->open(std::move(socket), listener);
///     to_child->send(make_frame({"hello"}));
///
/// The broker lives in an actor system of its own, made with the first link: a program that has none pays
/// nothing, and the system of a user's need not have CAF's network module. One thread serves all links.
///
/// A frame goes straight into the socket, on the thread that sends it, while there is room: that spares the
/// other thread for each. What finds none goes through the broker, and all that comes behind it, until the
/// broker has sent it.
///
/// Threads: any. Stops: `cut` or the end of the other side; the listener's `on_closed` comes last, once.
#pragma once

#include "transport/socket.hpp"

#include <caf/actor.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::detail {

/// All calls come on the thread that serves links, and must not block.
class link_listener {
public:
  virtual ~link_listener() = default;
  /// The content of a frame, whatever it is.
  virtual void on_frame(std::string_view content) noexcept = 0;
  /// No more frames come. `broken`: what came could not be cut into frames.
  virtual void on_closed(bool broken) noexcept = 0;
};

class link {
public:
  /// What can't be sent any more, since the link is closed, is dropped.
  void send(std::string frame);
  /// What is on its way is still delivered, in both directions; then the link is closed.
  void cut();

private:
  friend class link_host;
  friend struct link_state;
  std::size_t send_now(std::string_view frame) noexcept;

  std::mutex mutex_;     // what follows
  unique_fd direct_;     // the broker's as well; none when the link is closed
  bool relayed_ = false; // through the broker, until that has sent it all
  std::string outgoing_;
  bool posted_ = false; // the broker has been told of `outgoing_`
  caf::actor broker_;
};

class link_host {
public:
  link_host();
  ~link_host();
  link_host(const link_host&) = delete;
  link_host& operator=(const link_host&) = delete;

  /// Takes a connected socket. Errors: `std::system_error` when there is no thread or descriptor left.
  std::shared_ptr<link> open(int socket, std::shared_ptr<link_listener> listener);

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace taskactor::detail
