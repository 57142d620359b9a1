#include "works.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace bench {

namespace {

using file = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// One item a line, to be read from its start.
file items(std::size_t size) {
  file result{std::tmpfile(), std::fclose};
  if (!result)
    throw std::system_error{errno, std::generic_category(), "a temporary file"};
  for (std::size_t i = 0; i < size; ++i)
    std::fprintf(result.get(), "%zu\n", i);
  std::rewind(result.get());
  return result;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

/// Runs it to its end. Errors: `std::runtime_error`, which has its exit code.
double processor_seconds_of(std::initializer_list<const char*> argv, int in) {
  std::vector<char*> arguments;
  for (const auto* each : argv)
    arguments.push_back(const_cast<char*>(each));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  pid_t child = 0;
  const auto error = posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw std::system_error{error, std::generic_category(), arguments[0]};
  int status = 0;
  rusage used{}; // its children's too, since it waits for them
  while (wait4(child, &status, 0, &used) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error{std::string{arguments[0]} + " ended with status " + std::to_string(status)};
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// Installed beside this program, or where it was built.
std::string taskactor_program() {
  const auto beside = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "taskactor";
  return exists(beside) ? beside.string() : std::string{TASKACTOR_BENCH_TASKACTOR};
}

} // namespace

sample run_commands(std::size_t size, std::size_t scheduler_threads) {
  (void)scheduler_threads; // that is up to the program
  const auto program = taskactor_program();
  const auto input = items(size);
  const stopwatch watch;
  const auto used
      = processor_seconds_of({program.c_str(), "run", "-q", "-j2", "--", "/bin/true"}, fileno(input.get()));
  return {{"seconds", watch.seconds()}, {"cpu_seconds", used}};
}

} // namespace bench
