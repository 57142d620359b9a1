/// Reads the fields of a cron expression.
#pragma once

#include "schedule/cron_times.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::detail {

inline constexpr int first_year = 1970, last_year = 9999;

struct cron_fields {
  std::uint64_t seconds = 1, minutes = 0;
  std::uint32_t hours = 0, months = 0;
  cron_days days{};
  std::vector<int> years{}; ///< in order, each once; empty: all
  bool by_elapsed_time = false;
  /// The field of days of the month, for who finds that there is no such day.
  std::size_t day_offset = 0;
  std::string day_words{};
};

/// A fault of the field "cron", at a place of the expression.
[[noreturn]] void refuse_cron(std::string_view words, std::size_t offset, std::string what);

/// Errors: throws `trigger_fault`.
cron_fields read_cron_fields(std::string_view expression);

} // namespace taskactor::detail
