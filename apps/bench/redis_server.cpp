#include "redis_server.hpp"

#include "server_process.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

namespace bench {

namespace {

constexpr const char* redis_variable = "TASKACTOR_BENCH_REDIS";
constexpr const char* redis_program = "/usr/bin/redis-server";

[[noreturn]] void redis_failure(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

bool redis_answers(const std::string& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0)
    redis_failure("socket");
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
  redis_server() : server_("redis") {
    const auto socket = (server_.folder() / "redis.sock").string();
    server_.start({redis_program, "--port", "0", "--unixsocket", socket, "--dir", server_.folder().string(),
                   "--save", "", "--appendonly", "no", "--daemonize", "no", "--maxmemory-policy",
                   "noeviction", "--logfile", (server_.folder() / "log").string()});
    server_.await(redis_answers, socket);
    ::setenv(redis_variable, socket.c_str(), 1);
  }
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;
  ~redis_server() { ::unsetenv(redis_variable); }

private:
  server_process server_;
};

} // namespace

std::shared_ptr<void> make_redis_server() {
  if (std::getenv(redis_variable) != nullptr || ::access(redis_program, X_OK) != 0)
    return {};
  return std::make_shared<redis_server>();
}

} // namespace bench
