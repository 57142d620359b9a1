#include "node_link.hpp"

#include "../caf_compat.hpp"
#include "frame.hpp"
#include "node_broker.hpp"
#include "node_messages.hpp"

#include <stdexcept>
#include <utility>

namespace taskactor::detail {

thread_local const node_link* node_link_access::from_within::now_ = nullptr;

void node_link::send(std::string frame) {
  if (frame.size() > bounds_.frame + frame_prefix)
    throw std::length_error{"a frame of " + std::to_string(frame.size() - frame_prefix)
                            + " bytes; the limit is " + std::to_string(bounds_.frame)};
  const std::lock_guard lock{mutex_};
  if (over_)
    return;
  const auto waiting = outgoing_.size() + handed_ + frame.size();
  if (waiting > bounds_.queued) {
    over_ = true;
    outgoing_ = {};
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

std::size_t node_link::queued() const {
  const std::lock_guard lock{mutex_};
  return outgoing_.size() + handed_;
}

void node_link::close() {
  const std::lock_guard lock{mutex_};
  over_ = true;
  post(broker_, close_when_sent{});
}

void node_link::cut() {
  const std::lock_guard lock{mutex_};
  over_ = true;
  outgoing_ = {};
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

std::string node_link_access::take(node_link& which) {
  const std::lock_guard lock{which.mutex_};
  which.posted_ = false;
  which.handed_ += which.outgoing_.size();
  return std::exchange(which.outgoing_, {});
}

bool node_link_access::left(node_link& which, std::size_t waiting) {
  const std::lock_guard lock{which.mutex_};
  which.handed_ = waiting;
  const bool low = which.outgoing_.size() + waiting < which.bounds_.low_water;
  return low && std::exchange(which.high_, false);
}

void node_link_access::end(node_link& which) {
  caf::actor last;
  const std::lock_guard lock{which.mutex_};
  which.over_ = true;
  which.outgoing_ = {};
  which.handed_ = 0;
  last = std::move(which.broker_);
}

} // namespace taskactor::detail
