#include "services/service_node.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

void fill(const service_node& which, time_point now, service_info& into) {
  into.name = which.name;
  into.kind = which.kind;
  into.state = which.state;
  into.restart = which.policy;
  into.strategy = which.strategy;
  into.restarts = which.starts > 1 ? which.starts - 1 : 0;
  into.last_reason = which.reason;
  into.since = which.since;
  into.lasts = std::max(now, which.since) - which.since;
  if (which.state == service_state::waiting && which.resume > now)
    into.starts_in = which.resume - now;
  into.children.resize(which.children.size());
  for (std::size_t i = 0; i < which.children.size(); ++i)
    fill(*which.children[i], now, into.children[i]);
}

} // namespace

service_node& find_service(service_node& from, std::string_view path) {
  auto* node = &from;
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto name = path.substr(begin, end - begin);
    const auto found = std::find_if(node->children.begin(), node->children.end(),
                                    [name](const auto& each) { return each->name == name; });
    if (found == node->children.end())
      throw_rejection({errc::unknown_service,
                       "\"" + std::string{path} + "\": \"" + node->path + "\" has no child of that name"});
    node = found->get();
    begin = end + 1;
  }
  return *node;
}

rejection why_down(const service_node& which) {
  return {errc::service_down, '"' + which.path + "\" is " + std::string{to_string(which.state)}
                                  + (which.reason.empty() ? "" : ": " + which.reason)};
}

service_info info_of(const service_node& which, time_point now) {
  service_info result;
  fill(which, now, result);
  return result;
}

void count_children(const service_node& which, supervisor_statistics& into) {
  for (const auto& each : which.children) {
    ++into.children;
    into.running += each->state == service_state::running;
    into.held_messages += each->held.size();
    count_children(*each, into);
  }
}

} // namespace taskactor::detail
