// A test of a user of the installed library: a day of virtual time.
#include <taskactor/taskactor.hpp>
#include <taskactor/testing.hpp>

namespace ta = taskactor;
using namespace std::chrono_literals;

ta::task<int> tomorrow() {
  co_await ta::sleep_for(24h);
  co_return 7;
}

int main() {
  ta::testing::manager m{{.seed = 7}};
  return m.tasks().add_task({}, tomorrow).value().get() == 7 && m.elapsed() == 24h ? 0 : 1;
}
