/// Who may run what here, and how much of it they do now. A plain class without CAF in it. Threads: one at a
/// time.
#pragma once

#include <taskactor/node/access_rule.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taskactor::detail {

class access_control {
public:
  /// An entry, and who uses it: for `leave`.
  using use = std::pair<std::size_t, std::string>;
  struct verdict {
    std::optional<use> taken{}; // empty, when there are no entries
    std::string refusal{};      // empty: it may
  };

  explicit access_control(std::vector<access_rule> rights = {}) : rights_(std::move(rights)) {}
  verdict enter(std::string_view peer, std::string_view task);
  void leave(const std::optional<use>& what);

private:
  std::vector<access_rule> rights_;
  std::map<use, std::size_t> uses_;
};

} // namespace taskactor::detail
