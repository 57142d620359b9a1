#include "server_process.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace bench {

namespace {

namespace fs = std::filesystem;

constexpr uid_t nobody = 65534; ///< of Debian, as user and as group
constexpr std::chrono::seconds patience{20};

} // namespace

server_process::server_process(const std::string& name) {
  auto made = (fs::temp_directory_path() / ("taskactor-" + name + "-XXXXXX")).string();
  if (::mkdtemp(made.data()) == nullptr)
    throw std::system_error{errno, std::generic_category(), made};
  folder_ = made;
  if (::geteuid() == 0 && ::chown(folder_.c_str(), nobody, nobody) != 0)
    throw std::system_error{errno, std::generic_category(), made};
}

server_process::~server_process() {
  if (pid_ > 0) {
    ::kill(pid_, SIGQUIT); // at once; a server that has children ends them
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

/// By a program that gives up root's rights.
pid_t server_process::spawn(std::vector<std::string> command) const {
  std::vector<std::string> whole{"setpriv", "--pdeathsig", "KILL"};
  if (::geteuid() == 0)
    whole.insert(whole.end(), {"--reuid=65534", "--regid=65534", "--clear-groups"});
  whole.insert(whole.end(), {"env", "-C", folder_.string()});
  whole.insert(whole.end(), command.begin(), command.end());
  std::vector<char*> argv;
  argv.reserve(whole.size() + 1);
  for (auto& each : whole)
    argv.push_back(each.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  if (const auto error = ::posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ))
    throw std::system_error{error, std::generic_category(), argv[0]};
  return pid;
}

void server_process::run(std::vector<std::string> command) const {
  const auto name = command.front();
  const auto pid = spawn(std::move(command));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0)
    throw std::runtime_error{name + " has failed: can its user use " + folder_.string() + "?"};
}

void server_process::start(std::vector<std::string> command) { pid_ = spawn(std::move(command)); }

void server_process::await(bool (*answers)(const std::string& what), const std::string& what) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!answers(what)) {
    int status = 0;
    const bool ended = ::waitpid(pid_, &status, WNOHANG) == pid_;
    if (ended)
      pid_ = -1;
    if (ended || std::chrono::steady_clock::now() > until)
      throw std::runtime_error{"the server doesn't answer: can its user use " + folder_.string() + "?"};
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

} // namespace bench
