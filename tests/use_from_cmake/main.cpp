// The smallest program that links with the library; what the library does is tested elsewhere.
#include <taskactor/taskactor.hpp>

int main() { taskactor::task_manager tasks; }
