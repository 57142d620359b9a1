#include "transport/link.hpp"

#include "base/free_memory.hpp"
#include "caf_adapter/compat_io.hpp"
#include "caf_adapter/own_system.hpp"
#include "lifecycle/manager_messages.hpp"
#include "transport/frame.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>

namespace taskactor::detail {

struct link_state {
  static std::string outgoing(link& which) {
    const std::lock_guard lock{which.mutex_};
    which.posted_ = false;
    return std::exchange(which.outgoing_, {});
  }
  static void all_sent(link& which) {
    const std::lock_guard lock{which.mutex_};
    which.relayed_ = which.posted_;
  }
  static void close(link& which) {
    unique_fd closed; // after the lock
    const std::lock_guard lock{which.mutex_};
    std::swap(which.direct_, closed);
    free_memory(which.outgoing_);
  }
};

namespace {

constexpr std::size_t read_size = std::size_t{1} << 16;
constexpr int above_streams = 3;

/// What one broker has.
struct served {
  std::shared_ptr<link> owner;
  std::shared_ptr<link_listener> listener;
  frame_cutter cutter{};
  caf::io::connection_handle connection{};
  bool closed = false;

  void end(caf::io::broker& self, bool broken) {
    if (std::exchange(closed, true))
      return;
    listener->on_closed(broken);
    listener.reset();
    link_state::close(*owner);
    owner.reset(); // it has this broker's address
    self.quit();
  }
  void take(caf::io::broker& self, std::string_view bytes) {
    if (closed)
      return;
    bool sound = cutter.feed(bytes);
    while (const auto content = cutter.next())
      listener->on_frame(*content);
    sound = sound && cutter.feed({});
    if (!sound)
      end(self, true);
  }
};

void send_outgoing(caf::io::broker& self, const served& state) {
  if (state.closed)
    return;
  const auto bytes = link_state::outgoing(*state.owner);
  self.write(state.connection, bytes.size(), bytes.data());
  self.flush(state.connection);
}

caf::behavior serve(caf::io::broker* self, const std::shared_ptr<served>& state) {
  return {
      [state, self](const adopt_socket& taken) {
        state->connection = self->add_scribe(taken.number);
        self->configure_read(state->connection, caf::io::receive_policy::at_most(read_size));
        self->ack_writes(state->connection, true);
      },
      [state, self](const caf::io::new_data_msg& data) { state->take(*self, bytes_of(data)); },
      [state, self](const send_frames&) { send_outgoing(*self, *state); },
      [state](const caf::io::data_transferred_msg& sent) {
        if (sent.remaining == 0 && !state->closed)
          link_state::all_sent(*state->owner);
      },
      [state](const cut_link&) {
        // Reading goes on to the end of what is there already, and then finds the stream closed.
        if (!state->closed)
          ::shutdown(static_cast<int>(state->connection.id()), SHUT_RDWR);
      },
      [state, self](const caf::io::connection_closed_msg&) { state->end(*self, false); },
  };
}

} // namespace

void link::send(std::string frame) {
  std::unique_lock lock{mutex_};
  if (!direct_)
    return;
  if (!relayed_) {
    const auto sent = send_now(frame);
    if (sent == frame.size())
      return;
    frame.erase(0, sent);
    relayed_ = true;
  }
  if (outgoing_.empty())
    outgoing_ = std::move(frame);
  else
    outgoing_ += frame;
  if (std::exchange(posted_, true))
    return;
  lock.unlock();
  post(broker_, send_frames{});
}

/// How much of it the socket has taken, or lost: nobody reads at the other end any more.
std::size_t link::send_now(std::string_view frame) noexcept {
  const auto sent = ::send(direct_.get(), frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0)
    return errno == EPIPE || errno == ECONNRESET ? frame.size() : 0;
  return static_cast<std::size_t>(sent);
}

void link::cut() { post(broker_, cut_link{}); }

struct link_host::parts {
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
  std::mutex mutex;
  std::vector<std::weak_ptr<link>> links;
};

link_host::link_host() : parts_(std::make_unique<parts>()) {
  const passing_through caller;
  register_taskactor();
  configure_io(parts_->config);
  parts_->system = make_system(parts_->config, 1 + threads_for_networking, "the links to workers");
}

link_host::~link_host() {
  const passing_through caller;
  {
    const std::lock_guard lock{parts_->mutex};
    for (const auto& each : parts_->links)
      if (const auto open = each.lock())
        open->cut();
  }
  parts_->system.reset();
}

std::shared_ptr<link> link_host::open(int socket, std::shared_ptr<link_listener> listener) {
  const passing_through caller;
  auto made = std::make_shared<link>();
  made->direct_ = unique_fd{::fcntl(socket, F_DUPFD_CLOEXEC, above_streams)};
  if (!made->direct_)
    throw std::system_error{errno, std::generic_category(), "dup"};
  auto state = std::make_shared<served>();
  state->owner = made;
  state->listener = std::move(listener);
  // The link gets its broker's address before the broker's first handler can run it: the socket is taken over
  // by a message.
  made->broker_ = parts_->system->middleman().spawn_broker(serve, state);
  post(made->broker_, adopt_socket{socket});
  const std::lock_guard lock{parts_->mutex};
  std::erase_if(parts_->links, [](const auto& each) { return each.expired(); });
  parts_->links.push_back(made);
  return made;
}

} // namespace taskactor::detail
