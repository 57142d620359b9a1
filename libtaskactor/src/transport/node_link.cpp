#include "transport/node_link.hpp"

#include "base/free_memory.hpp"
#include "caf_adapter/compat.hpp"
#include "transport/frame.hpp"
#include "transport/link_session.hpp"
#include "transport/node_broker.hpp"
#include "transport/node_messages.hpp"

#include <cerrno>
#include <stdexcept>
#include <utility>

#include <sys/socket.h>

namespace taskactor::detail {

namespace {

/// Longer ones are encrypted on the broker's thread, beside what the caller does next.
constexpr std::size_t direct_limit = std::size_t{1} << 16;

} // namespace

thread_local const node_link* node_link_access::from_within::now_ = nullptr;

void node_link::send(std::string frame) {
  if (frame.size() > bounds_.frame + frame_prefix)
    throw std::length_error{"a frame of " + std::to_string(frame.size() - frame_prefix)
                            + " bytes; the limit is " + std::to_string(bounds_.frame)};
  const std::lock_guard lock{mutex_};
  if (over_)
    return;
  if (send_now(frame))
    return;
  const auto waiting = spilled_.size() + outgoing_.size() + handed_ + frame.size();
  if (waiting > bounds_.queued) {
    over_ = true;
    free_memory(outgoing_);
    post(broker_,
         end_link{{link_end::slow_reader, "more than " + std::to_string(bounds_.queued)
                                              + " bytes wait to be sent: the other side is too slow"}});
    return;
  }
  high_ = high_ || waiting > bounds_.low_water;
  if (outgoing_.empty())
    outgoing_ = std::move(frame);
  else
    outgoing_ += frame;
  if (!std::exchange(posted_, true) && !node_link_access::from_within::is(*this))
    post(broker_, send_queued{});
}

/// On this thread, instead of the broker's, which would have to wake for it. False: it isn't sent. What the
/// socket doesn't take is for the broker then, encrypted already, and so before all that comes later.
bool node_link::send_now(const std::string& frame) {
  if (!direct_ || handed_ != 0 || !spilled_.empty() || !outgoing_.empty() || frame.size() > direct_limit
      || session_->has_greeting()
      || node_link_access::from_within::is(*this)) // it sends together what it is asked for there
    return false;
  std::string encrypted;
  if (!session_->is_plain()) {
    session_->send(frame);
    encrypted = session_->take_output();
  }
  const auto& bytes = session_->is_plain() ? frame : encrypted;
  const auto sent = node_link_access::write(*this, bytes);
  if (sent == bytes.size())
    return true;
  spilled_ = bytes.substr(sent);
  high_ = high_ || spilled_.size() > bounds_.low_water;
  posted_ = true;
  post(broker_, send_queued{});
  return true;
}

std::size_t node_link::queued() const {
  const std::lock_guard lock{mutex_};
  return spilled_.size() + outgoing_.size() + handed_;
}

void node_link::close() {
  const std::lock_guard lock{mutex_};
  over_ = true;
  post(broker_, close_when_sent{});
}

void node_link::cut() {
  const std::lock_guard lock{mutex_};
  over_ = true;
  free_memory(spilled_);
  free_memory(outgoing_);
  post(broker_, end_link{{link_end::cut, "this side has cut it"}});
}

std::shared_ptr<node_link> node_link_access::make(const link_bounds& bounds) {
  auto made = std::make_shared<node_link>();
  made->bounds_ = bounds;
  return made;
}

void node_link_access::begin(node_link& which, const caf::actor& broker) {
  const std::lock_guard lock{which.mutex_};
  which.broker_ = broker;
}

void node_link_access::open(node_link& which, unique_fd direct, link_session& session) {
  const std::lock_guard lock{which.mutex_};
  if (which.over_)
    return;
  which.direct_ = std::move(direct);
  which.session_ = &session;
}

std::mutex& node_link_access::wire(node_link& which) { return which.mutex_; }

std::string node_link_access::take_spilled(node_link& which) {
  which.handed_ += which.spilled_.size();
  return std::exchange(which.spilled_, {});
}

std::string node_link_access::take(node_link& which) {
  which.posted_ = false;
  which.handed_ += which.outgoing_.size();
  return std::exchange(which.outgoing_, {});
}

std::size_t node_link_access::write(const node_link& which, std::string_view bytes) noexcept {
  if (!which.direct_)
    return 0;
  const auto sent = ::send(which.direct_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0)
    return errno == EPIPE || errno == ECONNRESET ? bytes.size()
                                                 : 0; // nobody reads any more: who reads here sees it
  return static_cast<std::size_t>(sent);
}

bool node_link_access::has_drained(node_link& which, std::size_t handed) {
  hand(which, handed);
  const bool low = which.spilled_.size() + which.outgoing_.size() + handed < which.bounds_.low_water;
  return low && std::exchange(which.high_, false);
}

void node_link_access::end(node_link& which) {
  caf::actor last; // both go after the lock
  unique_fd closed;
  const std::lock_guard lock{which.mutex_};
  which.over_ = true;
  std::swap(which.direct_, closed);
  which.session_ = nullptr;
  free_memory(which.spilled_);
  free_memory(which.outgoing_);
  which.handed_ = 0;
  last = std::move(which.broker_);
}

} // namespace taskactor::detail
