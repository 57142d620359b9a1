#include "postgres/postgres_limits.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace taskactor::detail {

postgres_values postgres_limits(const postgres_options& options) {
  // As the server takes them: whole milliseconds, of which zero were none, in 32 bits.
  const auto text = [](std::chrono::nanoseconds limit) {
    return std::to_string(
        std::clamp<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(limit).count(), 1,
                                 std::numeric_limits<std::int32_t>::max()));
  };
  return postgres_values{text(options.call_timeout),
                         text(std::min<std::chrono::nanoseconds>(options.call_timeout, options.lock_wait))};
}

postgres_result run_limited(postgres_connection& connection, const char* sql, const postgres_values& values,
                            postgres_connection::clock::time_point until) {
  postgres_batch both;
  both.add(limit_statements, postgres_limits(connection.options())).add(sql, values);
  return std::move(connection.run(both, until).back());
}

} // namespace taskactor::detail
