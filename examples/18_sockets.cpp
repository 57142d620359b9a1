// An echo server and its clients on plain descriptors: a task for each connection, which can't outlive the
// server.
#include <taskactor/taskactor.hpp>

#include <cerrno>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

std::size_t checked(long result) {
  return result < 0 ? throw std::system_error{errno, std::generic_category()}
                    : static_cast<std::size_t>(result);
}

ta::descriptor tcp_socket() {
  return ta::descriptor{static_cast<int>(checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)))};
}

ta::task<std::string> receive(const ta::descriptor& from) { // "": the other side has said all
  std::string words(4096, '\0');
  long got = 0;
  while ((got = ::recv(from.get(), words.data(), words.size(), 0)) < 0 && errno == EAGAIN)
    co_await ta::readable(from);
  co_return words.substr(0, checked(got));
}

ta::task<void> send_all(const ta::descriptor& to, std::string words) {
  for (long sent = 0; !words.empty(); words.erase(0, checked(sent)))
    while ((sent = ::send(to.get(), words.data(), words.size(), MSG_NOSIGNAL)) < 0 && errno == EAGAIN)
      co_await ta::writable(to);
}

ta::task<void> echo(ta::descriptor peer) {
  try {
    for (auto words = co_await receive(peer); !words.empty(); words = co_await receive(peer))
      co_await send_all(peer, words);
  } catch (const std::system_error& e) { // one connection's failure is none of the server's
    std::clog << e.what() << '\n';
  }
}

ta::task<void> accept_all(const ta::descriptor& server, ta::task_group& connections) {
  for (;;) {
    co_await ta::readable(server);
    ta::descriptor peer{::accept4(server.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (peer)
      connections.start(echo, std::move(peer));
    else if (errno == EMFILE || errno == ENFILE) // no number is left. Who asks stays in line, and `server`
      co_await ta::sleep_for(20ms);              // readable: without a pause this would turn in vain
    else if (errno != EAGAIN && errno != ECONNABORTED)
      checked(-1);
  }
}

ta::task<bool> is_echoed(sockaddr_in address) {
  const auto server = tcp_socket();
  if (::connect(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    co_await ta::writable(server); // connected now, or it was refused, as `send` will say
  co_await send_all(server, "hello");
  checked(::shutdown(server.get(), SHUT_WR));
  std::string back;
  for (auto piece = co_await receive(server); !piece.empty(); piece = co_await receive(server))
    back += piece;
  co_return back == "hello";
}

ta::task<void> serve(const ta::descriptor& server) {
  const auto accept = [&](ta::task_group& connections) { return accept_all(server, connections); };
  co_await ta::with_group(accept);
}

int main() {
  const auto server = tcp_socket();
  sockaddr_in address{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
  socklen_t size = sizeof address;
  checked(::bind(server.get(), reinterpret_cast<sockaddr*>(&address), size));
  checked(::getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &size));
  checked(::listen(server.get(), SOMAXCONN));

  ta::task_manager tasks{{.capacity = 100}}; // a wait for the world keeps its token, on both sides here
  auto serving = tasks.add_task({.timeout = ta::no_timeout}, serve, std::cref(server)).value();
  int echoed = 0;
  for (const auto& each : tasks.gather({.concurrency = 40}, is_echoed, std::vector(1000, address)))
    echoed += each && *each ? 1 : 0;
  serving.cancel(); // and with it what connections there are
  std::cout << echoed << " echoes; server: " << to_string(serving.wait_outcome().state()) << '\n';
}

// Output:
// 1000 echoes; server: cancelled
