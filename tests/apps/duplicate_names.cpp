// A program with two tasks of one name: it has to end at its start, and say where both are. See
// CMakeLists.txt.
#include <taskactor/registry.hpp>

namespace {

int one() { return 1; }
int two() { return 2; }

TASKACTOR_REGISTER_AS(one, "twice");
TASKACTOR_REGISTER_AS(two, "twice");

} // namespace

int main() {}
