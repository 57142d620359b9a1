#include "worker/program_role.hpp"

#include "worker/worker_protocol.hpp"

#include <taskactor/error.hpp>

#include <atomic>
#include <cstdlib>
#include <system_error>

namespace taskactor::detail {

namespace {

std::atomic<program_role> own_role{program_role::unknown};

} // namespace

void set_program_role(program_role what) noexcept { own_role = what; }

void check_program_role(const settings& with) {
  const program_role role = own_role;
  if (role == program_role::worker)
    not_started("a worker has no workers of its own: call the function itself, or from the program");
  if (role == program_role::unknown && std::getenv(worker_variable))
    not_started("this process was started as a worker, but its main has no worker_entry");
  if (role == program_role::unknown && with.workers.program.empty())
    not_started("main has to begin with: if (const auto code = taskactor::worker_entry(argc, argv)) return "
                "*code; without it this program can't be started again as a worker");
}

void not_started(const std::string& why) { throw error{errc::worker_not_started, why}; }

} // namespace taskactor::detail
