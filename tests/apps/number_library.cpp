// A library with a task that takes something else here than in the program that calls it.
#include <taskactor/registry.hpp>

namespace {

int takes_a_number(int number) { return number; }
TASKACTOR_REGISTER_AS(takes_a_number, "worker.takes_a_number");

} // namespace
