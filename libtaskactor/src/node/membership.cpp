#include "node/membership.hpp"

#include <taskactor/backoff.hpp>

#include <algorithm>

namespace taskactor::detail {

node_lease::standing node_lease::at(node_time now, const node_times& times) noexcept {
  const auto silent = now - heard_;
  lost_ = lost_ || silent >= times.lease;
  if (lost_)
    return standing::lost;
  return silent >= std::min(2 * times.heartbeat + times.heartbeat / 2, times.lease) ? standing::suspect
                                                                                    : standing::sound;
}

bool node_lease::heard(node_time now, const node_times& times) noexcept {
  if (at(now, times) == standing::lost)
    return false;
  heard_ = now;
  return true;
}

std::chrono::nanoseconds back_off::failed(const node_times& times, double chance) noexcept {
  const backoff pauses{.first = times.first_pause, .factor = 2, .max = times.longest_pause};
  const auto whole = pauses.wait_after(++failures_);
  return whole / 2
         + std::chrono::nanoseconds{
             static_cast<std::int64_t>(chance * static_cast<double>((whole / 2).count()))};
}

std::string_view principal_of(std::string_view name) noexcept { return name.substr(0, name.find('/')); }

namespace {

greeting_verdict refuse(close_reason why, std::string text) {
  return {greeting_verdict::what::refuse, why, std::move(text), false};
}

} // namespace

greeting_verdict judge_hello(const node_self& self, const node_frames::hello& from,
                             std::string_view certified, const std::optional<present_session>& present) {
  if (from.version != node_protocol_version)
    return refuse(close_reason::other_version, "version " + std::to_string(from.version) + ", and here "
                                                   + std::to_string(node_protocol_version));
  if (from.name.empty())
    return refuse(close_reason::name_refused, "a node without a name");
  if (!certified.empty() && certified != principal_of(from.name))
    return refuse(close_reason::name_refused, "it calls itself \"" + from.name + "\", and its certificate \""
                                                  + std::string{certified} + '"');
  if (from.name == self.name)
    return refuse(close_reason::name_refused, "\"" + from.name + "\" is this node's own name");
  if (present && present->incarnation > from.incarnation)
    return refuse(close_reason::newer_one_here, "a later run of \"" + from.name + "\" is there");
  if (present && present->incarnation == from.incarnation && present->uuid != from.uuid)
    return refuse(close_reason::name_refused, "another node of the name \"" + from.name + "\" is there");
  const bool later_run = present && present->incarnation < from.incarnation;
  if (self.name > from.name)
    return {greeting_verdict::what::wait, {}, {}, later_run};
  if (present && !later_run)
    return refuse(close_reason::already_connected, "there is a session with \"" + from.name + '"');
  return {greeting_verdict::what::welcome, {}, {}, later_run};
}

} // namespace taskactor::detail
