#include "transport/node_broker.hpp"

#include "base/free_memory.hpp"
#include "caf_adapter/compat_io.hpp"
#include "transport/link_session.hpp"
#include "transport/node_messages.hpp"
#include "transport/read_size.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>

namespace taskactor::detail {

namespace {

/// Encrypted at a time: the other side decrypts the one while this side encrypts the next.
constexpr std::size_t piece_size = std::size_t{1} << 16;
/// CAF gets no more at a time: its buffers keep what they once had.
constexpr std::size_t write_window = std::size_t{1} << 20;
constexpr std::chrono::milliseconds last_moments{500};
constexpr int above_streams = 3;

/// What one broker has, and does. Its end has two steps: `finish` tells everybody, `drop` closes the socket;
/// between them what tells the other side why is still on its way.
class served final : public link_session_user {
public:
  explicit served(broker_plan plan)
      : plan_(std::move(plan)),
        session_(std::in_place, plan_.dial ? link_role::calling : link_role::listening, plan_.bounds.frame,
                 *this, wire()) {}

  void start(caf::io::broker& self) {
    self_ = &self;
    if (plan_.dial)
      wake_after(plan_.bounds.handshake_timeout, link_deadline::handshake);
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
  void write_locked(std::string_view bytes);
  void look();
  void read_on();
  void finish(const link_reason& why);
  void linger();
  void say_no_more();
  void drop();
  void wake_after(std::chrono::milliseconds delay, link_deadline which);
  int socket() const { return static_cast<int>(connection_.id()); }
  std::size_t left() const { return finished_ ? 0 : sending_.size() - sent_ + waiting_; }

  broker_plan plan_;
  std::optional<link_session> session_; // until the socket is closed: TLS takes much memory
  caf::io::broker* self_ = nullptr;
  caf::io::connection_handle connection_{};
  link_peer peer_;
  read_size read_size_;
  std::string sending_;     // taken from the link
  std::size_t sent_ = 0;    // of `sending_`, to CAF
  std::size_t waiting_ = 0; // with CAF
  bool connected_ = false, up_ = false, closing_ = false, goodbye_ = false, finished_ = false,
       said_all_ = false, dropped_ = false;
};

void served::wake_after(std::chrono::milliseconds delay, link_deadline which) {
  const auto when = std::chrono::steady_clock::now() + delay;
  post_at(self_->system().clock(), when, caf::actor_cast<caf::strong_actor_ptr>(self_), link_time_up{which});
}

void served::adopt(dialed& got) {
  if (finished_)
    return;
  peer_.address = got.call.address;
  if (!got.call.socket)
    return end(got.call.failure);
  connection_ = self_->add_scribe(got.call.socket.release());
  connected_ = true;
  if (plan_.filter) // not before: who has let it in may still be at that
    wake_after(plan_.bounds.handshake_timeout, link_deadline::handshake);
  self_->ack_writes(connection_, true);
  read_on();
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
  if (up_ && read_size_.adapt(bytes.size()))
    read_on();
  pump();
  look();
}

void served::read_on() {
  self_->configure_read(connection_, caf::io::receive_policy::at_most(read_size_.bytes()));
}

bool served::admit() noexcept {
  peer_.name = session_->peer_name();
  plan_.listener = plan_.filter->acceptor().on_peer(peer_);
  return plan_.listener != nullptr;
}

void served::up() noexcept {
  up_ = true;
  peer_.name = session_->peer_name();
  if (plan_.filter)
    plan_.filter->greeted(self_->id());
  // A descriptor of the link's own: CAF closes its one when it finds the connection broken. Without one, for
  // there are no more, this broker sends everything.
  node_link_access::open(*plan_.owner, unique_fd{::fcntl(socket(), F_DUPFD_CLOEXEC, above_streams)},
                         *session_);
  plan_.listener->on_open(plan_.owner, peer_);
}

/// What the session has for the socket.
void served::flush() {
  const std::lock_guard lock{wire()};
  flush_locked();
}

void served::flush_locked() {
  if (!dropped_)
    write_locked(session_->take_output());
}

/// Into the socket, and by CAF what that doesn't take.
void served::write_locked(std::string_view bytes) {
  if (waiting_ == 0 && !bytes.empty())
    bytes.remove_prefix(node_link_access::write(*plan_.owner, bytes));
  waiting_ += bytes.size();
  node_link_access::hand(*plan_.owner, left());
  if (bytes.empty())
    return;
  self_->write(connection_, bytes.size(), bytes.data());
  self_->flush(connection_);
}

/// What the session has to say, and what the link has to send.
void served::pump() {
  std::unique_lock lock{wire()};
  flush_locked();
  if (finished_ || !up_)
    return;
  while (waiting_ < write_window) {
    if (sent_ == sending_.size()) {
      write_locked(node_link_access::take_spilled(*plan_.owner));
      node_link_access::take(*plan_.owner).swap(sending_); // what was there is not kept for what comes
      sent_ = 0;
    }
    if (sending_.empty())
      break;
    const auto piece = std::string_view{sending_}.substr(sent_, piece_size);
    sent_ += piece.size(); // first: `left` counts it once
    if (session_->is_plain())
      write_locked(piece);
    else
      session_->send(piece), flush_locked();
    lock.unlock(); // for others who send, and ask
    lock.lock();
  }
  const bool drained = node_link_access::has_drained(*plan_.owner, left());
  lock.unlock();
  if (drained)
    plan_.listener->on_drained();
  if (!closing_ || left() != 0)
    return;
  if (!std::exchange(goodbye_, true)) {
    session_->finish();
    flush();
  }
  if (waiting_ == 0)
    say_no_more();
}

void served::written(std::size_t waiting) {
  waiting_ = waiting;
  if (finished_ && waiting_ == 0)
    say_no_more();
  else
    pump();
}

void served::say_no_more() {
  if (!std::exchange(said_all_, true))
    ::shutdown(socket(), SHUT_WR);
}

void served::close_when_sent() {
  if (finished_ || !up_)
    return end({link_end::cut, "this side has ended it"});
  closing_ = true;
  wake_after(plan_.bounds.closing_timeout, link_deadline::closing);
  pump();
}

/// The session may have come to its end.
void served::look() {
  if (!finished_ && session_->over())
    finish(*session_->over()), linger();
}

void served::end(const link_reason& why) {
  const bool can_tell = !finished_ && connected_ && !up_ && why.what != link_end::cut;
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
    wake_after(std::min(plan_.bounds.closing_timeout, last_moments), link_deadline::closing);
  else
    end(why);
}

void served::closed() {
  if (up_)
    finish(closing_ ? link_reason{link_end::cut, "this side has ended it"}
                    : link_reason{link_end::ended, "the other side has ended it"});
  else
    finish({link_end::ended, "the other side has ended the connection before it had greeted"});
  drop();
}

void served::time_up(link_deadline which) {
  if (which == link_deadline::closing)
    end({link_end::cut, "this side has ended it"});
  else if (!finished_ && !up_)
    end({link_end::timed_out, connected_ ? "there was no greeting in time" : "it doesn't answer"});
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
  if (plan_.filter && !up_)
    plan_.filter->refused(peer_, why);
  node_link_access::end(*plan_.owner);
  free_memory(sending_);
  if (const auto last = std::exchange(plan_.listener, nullptr))
    last->on_closed(why);
}

/// The other side is to read why before the socket is closed: with bytes of its own unread it would not.
void served::linger() {
  if (waiting_ == 0)
    say_no_more();
  wake_after(plan_.bounds.closing_timeout, link_deadline::closing);
}

void served::drop() {
  if (std::exchange(dropped_, true))
    return;
  if (connected_)
    ::shutdown(socket(), SHUT_RDWR); // CAF would wait until what it has is written
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
