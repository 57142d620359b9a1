// taskactor-worker: what programs may have as their workers in place of themselves
// (manager_options::workers.program), with the tasks of libraries alone.
#include <taskactor/worker_entry.hpp>

#include <iostream>
#include <string_view>

namespace {

constexpr const char* version = "taskactor-worker " TASKACTOR_PROGRAM_VERSION "\n";
constexpr const char* usage
    = "Usage: taskactor-worker [--load FILE]...\n"
      "\n"
      "Serves calls of named tasks for the program that has started it: a program that uses libtaskactor, "
      "and "
      "has\n"
      "{\"taskactor-worker\", \"--load\", \"libtasks.so\"} as its manager_options::workers.program. Started "
      "by hand "
      "it does\n"
      "nothing.\n"
      "\n"
      "  --load FILE  Load a library of tasks, linked with the shared libtaskactor; may be given again\n"
      "  --help       Print this help\n"
      "  --version    Print the version\n"
      "\n"
      "Exit codes:\n"
      "  0  the program has no more calls\n"
      "  2  bad usage\n"
      "  4  a library can't be loaded\n";
constexpr int bad_usage = 2;

} // namespace

int main(int argc, char* argv[]) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word{argv[i]};
    if (word == "--help" || word == "--version")
      return (std::cout << (word == "--help" ? usage : version) << std::flush) ? 0 : bad_usage;
    if (word == "--load" && i + 1 < argc)
      ++i;
    else if (!word.starts_with("--taskactor")) {
      std::cerr << "taskactor-worker: \"" << word << "\": what can be given is --load FILE\n";
      return bad_usage;
    }
  }
  if (const auto code = taskactor::worker_entry(argc, argv))
    return *code;
  std::cerr << "taskactor-worker: not started by a program that has calls for it\n" << usage;
  return bad_usage;
}
