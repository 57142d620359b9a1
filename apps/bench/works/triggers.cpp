#include "works.hpp"

#include <taskactor/schedule.hpp>

namespace bench {

sample run_triggers(std::size_t size, std::size_t) {
  const auto when = taskactor::trigger::parse("cron */5 9-17 * * mon-fri @ Europe/Berlin").value();
  auto at = taskactor::parse_rfc3339("2026-01-01T00:00:00Z").value();
  const auto end = taskactor::parse_rfc3339("2036-01-01T00:00:00Z").value(), begin = at;
  const stopwatch watch;
  for (std::size_t i = 0; i < size; ++i) {
    const auto next = when.next(at);
    check_equal(next.found && next->nominal > at ? 1 : 0, 1);
    at = next->nominal < end ? next->nominal : begin;
  }
  return watch.read();
}

} // namespace bench
