// A program that isn't the executable of its workers, and so needs no worker_entry:
//
//     worker_program LIBRARY|- NAME WORKER [ARGUMENT]...
//
// loads the library, or no one, and calls the task in a worker that is the rest of the command line.
#include <taskactor/named_tasks.hpp>
#include <taskactor/task_library.hpp>
#include <taskactor/taskactor.hpp>

#include <cstdlib>
#include <iostream>
#include <string>

namespace ta = taskactor;

namespace {

int known_here_alone() { return 1; }
std::string takes_text_here(const std::string& text) { return text; }
TASKACTOR_REGISTER(known_here_alone);
TASKACTOR_REGISTER_AS(takes_text_here, "worker.takes_a_number");

} // namespace

int main(int argc, char* argv[]) {
  const std::string library = argv[1], name = argv[2];
  if (library != "-")
    ta::load_tasks(library);
  ta::task_manager tasks{{.workers = {.program = {argv + 3, argv + argc}}}};
  const auto arguments = name == "worker.takes_a_number" ? ta::json{"text"} : ta::json::array();
  const auto call = tasks.add_task({.where = ta::run_where::process}, name, arguments);
  if (!call) {
    std::cout << call.error() << '\n';
    return EXIT_FAILURE;
  }
  try {
    std::cout << call->get() << '\n';
    return EXIT_SUCCESS;
  } catch (const std::system_error& error) {
    std::cout << (error.code() == ta::errc::unknown_task         ? "unknown task: "
                  : error.code() == ta::errc::bad_arguments      ? "bad arguments: "
                  : error.code() == ta::errc::worker_not_started ? "not started: "
                                                                 : "")
              << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
