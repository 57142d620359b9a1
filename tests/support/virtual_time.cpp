#include "virtual_time.hpp"

#include <utility>

namespace test {

namespace {

ta::testing::simulation_options as_in_programs(ta::manager_options options) {
  if (!options.default_timeout)
    options.default_timeout = 180s;
  ta::testing::simulation_options result;
  result.manager = std::move(options);
  return result;
}

} // namespace

virtual_time::virtual_time(ta::manager_options options)
    : manager(as_in_programs(std::move(options))), tasks(manager::tasks()) {}

} // namespace test
