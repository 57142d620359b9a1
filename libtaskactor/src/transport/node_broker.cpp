#include "transport/node_broker.hpp"

#include "caf_adapter/compat_io.hpp"
#include "transport/link_session.hpp"
#include "transport/link_socket.hpp"
#include "transport/node_messages.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include <fcntl.h>

namespace taskactor::detail {

namespace {

constexpr std::chrono::milliseconds last_moments{500};
constexpr int above_streams = 3;

void wake_after(caf::io::broker& self, std::chrono::milliseconds delay, link_deadline which) {
  const auto when = std::chrono::steady_clock::now() + delay;
  post_at(self.system().clock(), when, caf::actor_cast<caf::strong_actor_ptr>(&self), link_time_up{which});
}

/// What one broker has, and does. Its end has two steps: `finish` tells everybody, `drop` closes the socket;
/// between them what tells the other side why is still on its way.
class served final : public link_session_user {
public:
  explicit served(broker_plan plan)
      : plan_(std::move(plan)),
        session_(std::in_place, plan_.dial ? link_role::calling : link_role::listening, plan_.bounds.frame,
                 *this, wire()),
        socket_(*plan_.owner) {}

  void start(caf::io::broker& self) {
    self_ = &self;
    if (plan_.dial)
      wake_after(*self_, plan_.bounds.handshake_timeout, link_deadline::handshake);
  }
  void adopt(dialed& got);
  void take(std::string_view bytes);
  void written(std::size_t waiting);
  void pump();
  void close_when_sent();
  void end(const link_reason& why);
  void end_soon(const link_reason& why);
  void closed();
  void time_up(link_deadline which);
  void fail(const char* what) noexcept;

  bool admit() noexcept override;
  void up() noexcept override;
  void frame(std::string_view content) noexcept override { plan_.listener->on_frame(content); }

private:
  std::mutex& wire() const { return node_link_access::wire(*plan_.owner); }
  void flush();
  void flush_locked();
  void look();
  void finish(const link_reason& why);
  void linger();
  void drop();

  broker_plan plan_;
  std::optional<link_session> session_; // until the socket is closed: TLS takes much memory
  link_socket socket_;                  // of the plan's owner, which is there as long
  caf::io::broker* self_ = nullptr;
  link_peer peer_;
  bool closing_ = false, goodbye_ = false, finished_ = false;
};

void served::adopt(dialed& got) {
  if (finished_)
    return;
  peer_.address = got.call.address;
  if (!got.call.socket)
    return end(got.call.failure);
  socket_.adopt(*self_, std::move(got.call.socket));
  if (plan_.filter) // not before: who has let it in may still be at that
    wake_after(*self_, plan_.bounds.handshake_timeout, link_deadline::handshake);
  session_->begin(std::move(got.tls));
  flush();
  look();
}

void served::take(std::string_view bytes) {
  if (finished_)
    return;
  {
    const node_link_access::from_within here{plan_.owner.get()};
    session_->take(bytes);
  }
  if (session_->is_up())
    socket_.adapt(bytes.size());
  pump();
  look();
}

bool served::admit() noexcept {
  peer_.name = session_->peer_name();
  plan_.listener = plan_.filter->acceptor().on_peer(peer_);
  return plan_.listener != nullptr;
}

void served::up() noexcept {
  peer_.name = session_->peer_name();
  if (plan_.filter)
    plan_.filter->greeted(self_->id());
  // A descriptor of the link's own: CAF closes its one when it finds the connection broken. Without one, for
  // there are no more, this broker sends everything.
  node_link_access::open(*plan_.owner, unique_fd{::fcntl(socket_.number(), F_DUPFD_CLOEXEC, above_streams)},
                         *session_);
  plan_.listener->on_open(plan_.owner, peer_);
}

/// What the session has for the socket.
void served::flush() {
  const std::lock_guard lock{wire()};
  flush_locked();
}

void served::flush_locked() {
  if (session_)
    socket_.write(session_->take_output());
}

/// What the session has to say, and what the link has to send.
void served::pump() {
  std::unique_lock lock{wire()};
  flush_locked();
  if (finished_ || !session_->is_up())
    return;
  while (socket_.has_room()) {
    const auto piece = socket_.next_piece();
    if (piece.empty())
      break;
    if (session_->is_plain())
      socket_.write(piece);
    else
      session_->send(piece), flush_locked();
    lock.unlock(); // for others who send, and ask
    lock.lock();
  }
  const bool drained = socket_.has_drained();
  lock.unlock();
  if (drained)
    plan_.listener->on_drained();
  if (!closing_ || !socket_.is_empty())
    return;
  if (!std::exchange(goodbye_, true)) {
    session_->finish();
    flush();
  }
  if (socket_.is_written())
    socket_.end_output();
}

void served::written(std::size_t waiting) {
  socket_.set_waiting(waiting);
  if (finished_ && socket_.is_written())
    socket_.end_output();
  else
    pump();
}

void served::close_when_sent() {
  if (finished_ || !session_->is_up())
    return end({link_end::cut, "this side has ended it"});
  closing_ = true;
  wake_after(*self_, plan_.bounds.closing_timeout, link_deadline::closing);
  pump();
}

/// The session may have come to its end.
void served::look() {
  if (!finished_ && session_->over())
    finish(*session_->over()), linger();
}

void served::end(const link_reason& why) {
  const bool can_tell = !finished_ && socket_.is_open() && !session_->is_up() && why.what != link_end::cut;
  if (can_tell) {
    session_->refuse(why);
    flush();
  }
  finish(why);
  if (can_tell)
    linger();
  else
    drop();
}

/// All links end: what is being closed has a little time for that, if the other side is there to take it.
void served::end_soon(const link_reason& why) {
  if (closing_ && !finished_)
    wake_after(*self_, std::min(plan_.bounds.closing_timeout, last_moments), link_deadline::closing);
  else
    end(why);
}

void served::closed() {
  if (session_ && session_->is_up())
    finish(closing_ ? link_reason{link_end::cut, "this side has ended it"}
                    : link_reason{link_end::ended, "the other side has ended it"});
  else
    finish({link_end::ended, "the other side has ended the connection before it had greeted"});
  drop();
}

void served::time_up(link_deadline which) {
  if (which == link_deadline::closing)
    end({link_end::cut, "this side has ended it"});
  else if (!finished_ && !session_->is_up())
    end({link_end::timed_out, socket_.is_open() ? "there was no greeting in time" : "it doesn't answer"});
}

void served::fail(const char* what) noexcept {
  finish({link_end::no_resources, what});
  drop();
}

void served::finish(const link_reason& why) {
  if (std::exchange(finished_, true))
    return;
  if (plan_.dial)
    plan_.dial->abandon();
  if (plan_.filter)
    plan_.filter->greeted(self_->id());
  if (plan_.filter && !session_->is_up())
    plan_.filter->refused(peer_, why);
  node_link_access::end(*plan_.owner);
  socket_.discard();
  if (const auto last = std::exchange(plan_.listener, nullptr))
    last->on_closed(why);
}

/// The other side is to read why before the socket is closed: with bytes of its own unread it would not.
void served::linger() {
  if (socket_.is_written())
    socket_.end_output();
  wake_after(*self_, plan_.bounds.closing_timeout, link_deadline::closing);
}

void served::drop() {
  if (!session_)
    return;
  if (socket_.is_open())
    socket_.shut_down();
  if (plan_.filter)
    plan_.filter->gone(self_->id());
  session_.reset();
  plan_.owner.reset();
  plan_.brokers->remove(self_->id());
  self_->quit();
}

/// No exception may leave a handler: there is one thread for all links.
template <class F>
void safely(served& state, F f) noexcept {
  try {
    f();
  } catch (const std::exception& error) {
    state.fail(error.what());
  } catch (...) {
    state.fail("unknown exception");
  }
}

caf::behavior serve(caf::io::broker* self, const std::shared_ptr<served>& state) {
  state->start(*self);
  return {
      [state](const socket_dialed& message) { safely(*state, [&] { state->adopt(*message.got); }); },
      [state](const caf::io::new_data_msg& data) { safely(*state, [&] { state->take(bytes_of(data)); }); },
      [state](const caf::io::data_transferred_msg& data) {
        safely(*state, [&] { state->written(data.remaining); });
      },
      [state](const send_queued&) { safely(*state, [&] { state->pump(); }); },
      [state](const close_when_sent&) { safely(*state, [&] { state->close_when_sent(); }); },
      [state](const end_link& message) { safely(*state, [&] { state->end(message.why); }); },
      [state](const end_soon& message) { safely(*state, [&] { state->end_soon(message.why); }); },
      [state](const link_time_up& message) { safely(*state, [&] { state->time_up(message.which); }); },
      [state](const caf::io::connection_closed_msg&) { safely(*state, [&] { state->closed(); }); },
  };
}

} // namespace

caf::actor spawn_node_broker(caf::actor_system& system, broker_plan plan) {
  const auto brokers = plan.brokers;
  const auto owner = plan.owner;
  auto made = system.middleman().spawn_broker(serve, std::make_shared<served>(std::move(plan)));
  // Nothing ends it before it has a socket, or is told that there is none.
  node_link_access::begin(*owner, made);
  once_there_is_memory([&] { brokers->add(made); }); // whoever ends all links has to know it
  return made;
}

} // namespace taskactor::detail
