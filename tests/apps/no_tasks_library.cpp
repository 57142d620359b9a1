// A library that has no tasks in it.
#include <taskactor/taskactor.hpp>

void unused(taskactor::task_manager& tasks) { tasks.cancel_all(); }
