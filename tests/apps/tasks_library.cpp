// A library of tasks, in the ways in which one is made: see test_task_libraries.py.
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>

#include <cstdlib>
#include <string>

#include <unistd.h>

namespace {

std::string tasks_of(std::string who, bool loud) { return who + (loud ? "!" : ""); }
int process_number() { return ::getpid(); }
void crash() { std::abort(); }

TASKACTOR_REGISTER_AS(tasks_of, TEST_PREFIX "tasks_of", {.defaults = {false}});
TASKACTOR_REGISTER_AS(process_number, TEST_PREFIX "process_number");
TASKACTOR_REGISTER_AS(crash, TEST_PREFIX "crash");

} // namespace
