/// What copies of a trigger share.
#pragma once

#include "schedule/plan.hpp"
#include "schedule/trigger_form.hpp"

#include <taskactor/schedule/trigger.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace taskactor::detail {

struct trigger_core {
  trigger_form form;
  trigger_options options;
  const zone_table* zone = nullptr;
  std::unique_ptr<const plan> by{};
  std::optional<fire_time> last{}; ///< the last one that `count` allows
  int levels = 1;
  std::size_t members = 1;  ///< with those in it
  std::size_t searches = 0; ///< what `count` has taken, its own and those of members
};

/// The layer's way into a trigger.
struct trigger_access {
  static trigger make(trigger_core core) {
    return trigger{std::make_shared<const trigger_core>(std::move(core))};
  }
  static const trigger_core& core(const trigger& t) { return *t.core_; }
  static found_time search(const trigger& t, fire_time after, search_budget& budget) {
    return search(*t.core_, after, budget);
  }
  static found_time search(const trigger_core& core, fire_time after, search_budget& budget);
};

} // namespace taskactor::detail
