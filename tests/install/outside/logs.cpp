// A program of a user of the installed library whose tasks log by spdlog, which it links itself: by name,
// since a shared libtaskactor doesn't bring it.
#include <spdlog/spdlog.h>
#include <taskactor/taskactor.hpp>

namespace ta = taskactor;

int main() {
  ta::task_manager tasks{{.log_level = ta::log_level::debug}};
  const auto says = [] { spdlog::error("a task says so"); };
  tasks.add_task({.id = "speaker"}, says).value().get();
}
