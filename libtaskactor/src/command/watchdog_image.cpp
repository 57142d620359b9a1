#include "command/watchdog_image.hpp"

#include "base/signal_blocked.hpp"
#include "watchdog_protocol.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// The name of the file comes from the build. The section is restored for what the compiler writes next.
__asm__(".pushsection .rodata\n"
        ".balign 16\n"
        ".hidden taskactor_watchdog_begin\n"
        ".globl taskactor_watchdog_begin\n"
        "taskactor_watchdog_begin:\n"
        ".incbin \"" TASKACTOR_WATCHDOG_FILE "\"\n"
        ".hidden taskactor_watchdog_end\n"
        ".globl taskactor_watchdog_end\n"
        "taskactor_watchdog_end:\n"
        ".byte 0\n"
        ".popsection\n");

extern "C" {
extern const char taskactor_watchdog_begin[];
extern const char taskactor_watchdog_end[];
}

#ifndef MFD_EXEC // Linux 6.3: without it some systems make the file not executable
#define MFD_EXEC 0x0010U
#endif

namespace taskactor::detail {

namespace {

[[noreturn]] void fail(int error, const char* what) {
  throw std::system_error{error, std::generic_category(), what};
}

void write_program(const unique_fd& file) {
  const signal_blocked too_long{SIGXFSZ};
  std::string_view rest{taskactor_watchdog_begin,
                        static_cast<std::size_t>(taskactor_watchdog_end - taskactor_watchdog_begin)};
  while (!rest.empty()) {
    const auto written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0 && errno != EINTR)
      fail(errno, "writing the watchdog of commands");
    rest.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
}

std::string path_of(const unique_fd& file) { return "/proc/self/fd/" + std::to_string(file.get()); }

/// 0, or why the watchdog can't be started from there.
int probe(const std::string& path) {
  std::string mode{TASKACTOR_MODE_PROBE};
  char* arguments[] = {mode.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t child = 0;
  if (const int error = ::posix_spawn(&child, path.c_str(), nullptr, nullptr, arguments, environment))
    return error;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return 0; // someone else has taken its end: it was started
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : ENOEXEC;
}

std::vector<std::function<unique_fd()>> places() {
  std::vector<std::function<unique_fd()>> result{watchdog_in_memory};
  for (const char* name : {"XDG_RUNTIME_DIR", "TMPDIR"})
    if (const char* value = std::getenv(name))
      result.emplace_back([directory = std::string{value}] { return watchdog_in_directory(directory); });
  for (const char* directory : {"/tmp", "/var/tmp", "/dev/shm"})
    result.emplace_back([directory] { return watchdog_in_directory(directory); });
  return result;
}

} // namespace

unique_fd watchdog_in_memory() {
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = ::memfd_create("taskactor-watchdog", flags | MFD_EXEC);
  if (fd < 0 && errno == EINVAL)
    fd = ::memfd_create("taskactor-watchdog", flags);
  auto file = own(fd, "memfd_create");
  write_program(file);
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
    fail(errno, "sealing the watchdog of commands");
  return file;
}

unique_fd watchdog_in_directory(const std::string& directory) {
  auto name = directory + "/taskactor-watchdog-XXXXXX";
  const unique_fd writer{::mkostemp(name.data(), O_CLOEXEC)};
  if (!writer)
    fail(errno, "mkostemp");
  // A file that is open for writing can't be executed: it is opened once more, before its name goes.
  const int reader = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  const int error = errno;
  ::unlink(name.c_str());
  errno = error;
  auto file = own(reader, "open");
  write_program(writer);
  if (::fchmod(writer.get(), S_IRUSR | S_IXUSR) != 0)
    fail(errno, "fchmod");
  return file;
}

watchdog_image::watchdog_image() {
  int error = ENOENT;
  for (const auto& place : places()) {
    try {
      file_ = place();
      path_ = path_of(file_);
      error = probe(path_);
    } catch (const std::system_error& reason) {
      error = reason.code().value();
    }
    if (error == 0)
      return;
    if (error == EMFILE || error == ENFILE || error == EAGAIN || error == ENOMEM)
      break; // not the place's fault
    if (error == EFBIG)
      fail(error,
           "starting the watchdog of commands, a program of a few thousand bytes: the size of files is "
           "limited (ulimit -f)");
  }
  if (::access("/proc/self/fd", X_OK) != 0)
    fail(error, "starting the watchdog of commands: it needs /proc, which isn't mounted here");
  fail(error, "starting the watchdog of commands");
}

} // namespace taskactor::detail
