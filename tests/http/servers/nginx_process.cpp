#include "nginx_process.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace test {

namespace {

namespace fs = std::filesystem;

constexpr const char* program = "/usr/sbin/nginx";
constexpr uid_t nobody = 65534; ///< of Debian, as user and as group

/// This one's thread would be ours to await: a server that hangs at its start is no server.
constexpr std::chrono::seconds patience{20};

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

class socket_of_ours {
public:
  explicit socket_of_ours(int fd) : fd_(fd) {
    if (fd < 0)
      fail("socket");
  }
  socket_of_ours(socket_of_ours&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  socket_of_ours& operator=(socket_of_ours&&) = delete;
  ~socket_of_ours() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  int get() const { return fd_; }

private:
  int fd_;
};

sockaddr_in loopback_address(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// A port of the kernel's choice. It is shared with sockets of the same user that ask for that: the kernel
/// takes the owner of a socket for its user.
socket_of_ours hold_port(std::uint16_t& port) {
  socket_of_ours made{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  auto address = loopback_address(0);
  socklen_t length = sizeof address;
  constexpr int yes = 1;
  if (::setsockopt(made.get(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) != 0
      || (::geteuid() == 0 && ::fchown(made.get(), nobody, nobody) != 0)
      || ::bind(made.get(), reinterpret_cast<sockaddr*>(&address), length) != 0
      || ::getsockname(made.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
    fail("a port");
  port = ntohs(address.sin_port);
  return made;
}

std::string read_all(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream{file}.rdbuf();
  return std::move(text).str();
}

std::string with_frame(const fs::path& folder, const std::string& sections) {
  std::string text = "daemon off;\nmaster_process off;\npid nginx.pid;\nlock_file nginx.lock;\n"
                     "error_log error.log notice;\n"
                     "events { worker_connections 20000; }\nhttp {\n  access_log off;\n";
  for (const char* each : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    text += std::string{"  "} + each + "_temp_path " + (folder / each).string() + ";\n";
  return text + sections + "}\n";
}

/// What is given to whom it will run as, if that is another one.
void hand_over(const fs::path& folder) {
  if (::geteuid() != 0)
    return;
  if (::chown(folder.c_str(), nobody, nobody) != 0)
    fail("chown");
  for (const auto& each : fs::recursive_directory_iterator{folder})
    if (::lchown(each.path().c_str(), nobody, nobody) != 0)
      fail("chown");
}

/// What the child needs: made before there is one, since a child of a program with threads may allocate
/// nothing.
struct launch {
  std::string folder, config;
  int errors; ///< its standard error until it has opened its log
  pid_t parent;
};

/// In the child.
[[noreturn]] void become_nginx(const launch& what) {
  ::dup2(what.errors, STDOUT_FILENO);
  ::dup2(what.errors, STDERR_FILENO);
#ifdef SYS_close_range
  ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
#endif
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0))
    ::_exit(126);
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL); // after the change of user, which would take it back
  if (::getppid() != what.parent)
    ::_exit(127);
  std::array<const char*, 8> arguments{"nginx",  "-p",   what.folder.c_str(), "-c", what.config.c_str(), "-e",
                                       "stderr", nullptr};
  std::array<const char*, 1> environment{nullptr};
  ::execve(program, const_cast<char**>(arguments.data()), const_cast<char**>(environment.data()));
  ::_exit(127);
}

bool answers(std::uint16_t port) {
  const socket_of_ours connection{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const auto address = loopback_address(port);
  constexpr std::string_view request = "HEAD / HTTP/1.0\r\n\r\n";
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0
      || ::send(connection.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
    return false;
  pollfd ready{connection.get(), POLLIN, 0};
  char byte = 0;
  return ::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds{patience}.count())) == 1
         && ::recv(connection.get(), &byte, 1, 0) == 1;
}

} // namespace

std::string nginx_process::trouble() {
  return ::access(program, X_OK) == 0 ? "" : std::string{"no "} + program + " (Debian: nginx-light)";
}

nginx_process::nginx_process(std::size_t ports, const configuration& make) {
  if (auto why = trouble(); !why.empty())
    throw std::runtime_error{why};
  std::string name = (fs::temp_directory_path() / "taskactor-nginx-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    fail("mkdtemp");
  folder_ = name;
  try {
    std::vector<socket_of_ours> held;
    launch what{};
    for (std::size_t i = 0; i < ports; ++i) {
      std::uint16_t port = 0;
      held.push_back(hold_port(port));
      ports_.push_back(port);
    }
    what.folder = folder_.string() + '/';
    what.config = (folder_ / "nginx.conf").string();
    std::ofstream{what.config} << with_frame(folder_, make(folder_, ports_));
    const socket_of_ours errors{
        ::open((folder_ / "stderr").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)};
    hand_over(folder_);
    what.errors = errors.get();
    what.parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0)
      fail("fork");
    if (pid_ == 0)
      become_nginx(what);
    await_answers();
  } catch (...) {
    kill();
    fs::remove_all(folder_);
    throw;
  }
}

nginx_process::~nginx_process() {
  kill();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

/// It has all its ports before it takes anything from one.
void nginx_process::await_answers() {
  const socket_of_ours ended{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!answers(ports_.at(0))) {
    pollfd end{ended.get(), POLLIN, 0};
    if (::poll(&end, 1, 1) == 1 || std::chrono::steady_clock::now() > until)
      throw std::runtime_error{"nginx doesn't answer: " + error_log()};
  }
}

void nginx_process::kill() {
  if (pid_ <= 0)
    return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

std::string nginx_process::error_log() const {
  return read_all(folder_ / "stderr") + read_all(folder_ / "error.log");
}

} // namespace test
