/// What a trigger was made of, whether that was text, JSON or a value: all of them are read into a form,
/// checked as one, and written from it.
#pragma once

#include <taskactor/schedule/trigger.hpp>

#include <chrono>
#include <string>
#include <variant>
#include <vector>

namespace taskactor::detail {

struct at_form {
  fire_time when;
};
/// What the zone's clocks show.
struct wall_form {
  wall_time when;
};
struct every_form {
  std::chrono::microseconds interval;
  fire_time anchor;
};
struct cron_form {
  std::string expression;
};
struct joint_form {
  std::vector<trigger> parts;
  bool all;
};
using trigger_form = std::variant<at_form, wall_form, every_form, cron_form, calendar_interval, joint_form>;

inline constexpr int most_levels = 16; ///< of `any_of` and `all_of` in each other
inline constexpr const char* any_of_name = "any_of";
inline constexpr const char* all_of_name = "all_of";

/// What can be said before all of its parts are read: how many there are, how deep, and how long it has
/// taken to find where the counts in them end. Errors: throws `trigger_fault`, with the field.
void check_parts(const joint_form& form);

/// Errors: throws `trigger_fault`, with the field.
trigger make_trigger(trigger_form form, trigger_options options);

} // namespace taskactor::detail
