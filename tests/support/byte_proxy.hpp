/// A proxy before a server on a Unix socket, which passes bytes on as they are, until a client sends certain
/// words: then it does to that connection what a network does.
///
///     test::byte_proxy proxy{server.socket()};
///     proxy.arm(test::proxy_fault::cut_after, "COMMIT");   // once: the next time
///
/// It works on a thread of its own. Threads: any.
#pragma once

#include "support/temporary_directory.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace test {

enum class proxy_fault : std::uint8_t {
  none,
  cut_before,  ///< the words don't reach the server
  cut_after,   ///< the server answers them to the end, and the client doesn't hear of it
  lose_client, ///< the client is cut off at once, and the server goes on: it hears of it after its answer
  stall,       ///< the words reach the server; from then on nothing passes, and nobody is told
};

class byte_proxy {
public:
  explicit byte_proxy(std::string server_socket);
  byte_proxy(const byte_proxy&) = delete;
  byte_proxy& operator=(const byte_proxy&) = delete;
  ~byte_proxy();

  /// Of its own socket, named as PostgreSQL's.
  const std::string& folder() const noexcept { return folder_.path(); }
  /// The next `times` that a client sends the words.
  void arm(proxy_fault what, std::string words, std::size_t times = 1);
  /// Faults that were made, since the beginning.
  std::size_t faults() const noexcept { return faults_; }
  /// Connections that were made, since the beginning.
  std::size_t connections() const noexcept { return made_; }
  /// All there are.
  void cut();

private:
  struct link {
    int client = -1, server = -1;
    std::string last; // of what the client has sent
    proxy_fault fault = proxy_fault::none;
    std::string answer; // the end of what isn't passed on
  };

  void run(const std::stop_token& stop);
  void accept_one();
  bool from_client(link& one); // false: it is over
  bool from_server(link& one);
  proxy_fault fault_of(link& one, std::string_view bytes);
  void wake() const noexcept;

  temporary_directory folder_;
  std::string server_;
  int listener_ = -1, wakes_ = -1;
  std::mutex mutex_;
  proxy_fault armed_ = proxy_fault::none;
  std::string words_;
  std::size_t times_ = 0;
  std::atomic<bool> cuts_{false};
  std::atomic<std::size_t> faults_{0}, made_{0};
  std::list<link> links_; // the thread's
  std::jthread thread_;
};

} // namespace test
