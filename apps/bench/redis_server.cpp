#include "redis_server.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace bench {

namespace {

namespace fs = std::filesystem;

constexpr const char* redis_variable = "TASKACTOR_BENCH_REDIS";
constexpr const char* program = "/usr/bin/redis-server";
constexpr uid_t nobody = 65534; ///< of Debian, as user and as group
constexpr std::chrono::seconds patience{20};

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

bool answers(const std::string& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0)
    fail("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  constexpr std::string_view request = "PING\r\n", wanted = "+PONG\r\n";
  std::array<char, wanted.size()> answer{};
  pollfd ready{socket, POLLIN, 0};
  const bool does = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
                    && ::send(socket, request.data(), request.size(), MSG_NOSIGNAL) > 0
                    && ::poll(&ready, 1, 1'000) == 1 && ::recv(socket, answer.data(), answer.size(), 0) > 0
                    && std::string_view{answer.data(), answer.size()} == wanted;
  ::close(socket);
  return does;
}

class redis_server {
public:
  redis_server() {
    auto name = (fs::temp_directory_path() / "taskactor-redis-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      fail("mkdtemp");
    folder_ = name;
    try {
      start();
      await_answer();
    } catch (...) {
      end();
      throw;
    }
    ::setenv(redis_variable, socket().c_str(), 1);
  }
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;
  ~redis_server() {
    ::unsetenv(redis_variable);
    end();
  }

private:
  std::string socket() const { return (folder_ / "redis.sock").string(); }

  /// By a program that gives up root's rights, and has the kernel end it with this process.
  void start() {
    std::vector<std::string> command{"setpriv", "--pdeathsig", "KILL"};
    if (::geteuid() == 0) {
      if (::chown(folder_.c_str(), nobody, nobody) != 0)
        fail("chown");
      command.insert(command.end(), {"--reuid=65534", "--regid=65534", "--clear-groups"});
    }
    command.insert(command.end(),
                   {program, "--port", "0", "--unixsocket", socket(), "--dir", folder_.string(), "--save", "",
                    "--appendonly", "no", "--daemonize", "no", "--maxmemory-policy", "noeviction",
                    "--logfile", (folder_ / "log").string()});
    std::vector<char*> argv;
    argv.reserve(command.size() + 1);
    for (auto& each : command)
      argv.push_back(each.data());
    argv.push_back(nullptr);
    if (const auto error = ::posix_spawnp(&pid_, argv[0], nullptr, nullptr, argv.data(), environ))
      throw std::system_error{error, std::generic_category(), argv[0]};
  }

  void await_answer() {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!answers(socket())) {
      int status = 0;
      const bool ended = ::waitpid(pid_, &status, WNOHANG) == pid_;
      if (ended)
        pid_ = -1;
      if (ended || std::chrono::steady_clock::now() > until)
        throw std::runtime_error{"redis-server doesn't answer: can its user use " + folder_.string() + "?"};
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }

  void end() noexcept {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  fs::path folder_;
  pid_t pid_ = -1;
};

} // namespace

std::shared_ptr<void> make_redis_server() {
  if (std::getenv(redis_variable) != nullptr || ::access(program, X_OK) != 0)
    return {};
  return std::make_shared<redis_server>();
}

} // namespace bench
