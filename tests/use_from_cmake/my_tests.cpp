// The smallest test that links with the testing library; what that does is tested elsewhere.
#include <taskactor/testing.hpp>

int main() {
  taskactor::testing::manager m;
  return m.tasks().add_task({}, [] { return 0; }).value().get();
}
