#include "node/access_control.hpp"

#include <algorithm>

namespace taskactor::detail {

namespace {

bool fits(std::string_view pattern, std::string_view name) {
  return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : pattern == name;
}

bool names(const access_rule& entry, std::string_view peer, std::string_view task) {
  return fits(entry.task, task) && std::any_of(entry.peers.begin(), entry.peers.end(), [&](const auto& each) {
           return each == "*" || each == peer;
         });
}

} // namespace

access_control::verdict access_control::enter(std::string_view peer, std::string_view task) {
  if (rights_.empty())
    return {};
  const auto found = std::find_if(rights_.begin(), rights_.end(),
                                  [&](const auto& each) { return names(each, peer, task); });
  if (found == rights_.end() || found->at_once == 0)
    return {{}, '"' + std::string{peer} + "\" has no right to run \"" + std::string{task} + "\" here"};
  const use what{static_cast<std::size_t>(found - rights_.begin()), std::string{peer}};
  auto& count = uses_[what];
  if (count >= found->at_once)
    return {{},
            '"' + std::string{peer} + "\" may run \"" + found->task + "\" here at most "
                + std::to_string(found->at_once) + " times at once"};
  ++count;
  return {what, {}};
}

void access_control::leave(const std::optional<use>& what) {
  const auto found = what ? uses_.find(*what) : uses_.end();
  if (found != uses_.end() && --found->second == 0)
    uses_.erase(found);
}

} // namespace taskactor::detail
