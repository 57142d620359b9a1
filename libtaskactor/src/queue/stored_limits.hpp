/// The limits of a job as they stand in a row of a store: JSON; jobs with the same have the same text.
#pragma once

#include <taskactor/queue/push_options.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace taskactor::detail {

/// Empty: none.
std::string limits_text(const std::vector<job_limit>& limits);
/// Errors: `errc::store_unusable`.
std::vector<job_limit> limits_of(std::string_view text);

} // namespace taskactor::detail
