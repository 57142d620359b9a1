// Tasks that nodes run for one another: see test_nodes.py.
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>

#include <fstream>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace ta = taskactor;

namespace {

int square(int number) { return number * number; }

std::string echo(std::string text) { return text; }

int process_number() { return ::getpid(); }

/// Says in a file that it runs, and what came of it.
ta::task<std::uint64_t> work(double seconds, std::string file) {
  const auto say = [&](const char* what) {
    if (!file.empty())
      std::ofstream{file, std::ios::app} << what << ' ' << ta::this_task::fencing_token() << ' ' << ::getpid()
                                         << std::endl;
  };
  say("begun");
  ta::this_task::report_progress(1, 2, "half");
  try {
    co_await ta::sleep_for(
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds)));
  } catch (const ta::cancelled_error&) {
    say("cancelled");
    throw;
  }
  say("ended");
  co_return ta::this_task::fencing_token();
}

void fails() { throw std::runtime_error{"no such page"}; }

TASKACTOR_REGISTER(square);
TASKACTOR_REGISTER(echo);
TASKACTOR_REGISTER(process_number);
TASKACTOR_REGISTER_AS(work, "work", {.defaults = {""}});
TASKACTOR_REGISTER_AS(work, "work_again", {.defaults = {""}, .idempotent = true});
TASKACTOR_REGISTER_AS(work, "work_in_worker",
                      {.options = {.where = ta::run_where::process}, .defaults = {""}});
TASKACTOR_REGISTER(fails);

} // namespace
