/// `name_resolver`: the addresses of hosts, looked up on at most 16 threads of its own, and kept for a
/// minute.
///
/// libcurl's own resolver makes a thread for each transfer that needs a name, and waits for it when the
/// transfer is taken out. Here who gives up just leaves: a lookup that hangs holds up its thread alone, and
/// those who ask for the same name share one.
///
/// Threads: any. Nothing of the user's runs on its own. They are detached: getaddrinfo(3) can't be ended, and
/// nobody waits for them.
#pragma once

#include <taskactor/io/callback.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace taskactor::detail {

struct name_answer {
  std::string addresses; // "127.0.0.1,[::1]": as CURLOPT_RESOLVE has them; empty: none
  std::string why;       // there are none
};

class name_resolver : public std::enable_shared_from_this<name_resolver> {
public:
  static constexpr std::size_t most_threads = 16;

  /// What is known; empty: it has to be asked for.
  std::string known(const std::string& host);
  /// `waiter` is resumed with the answer. Returns its number. Errors: `std::system_error` if there is no
  /// thread, not even one.
  std::uint64_t ask(const std::string& host, resumer<name_answer> waiter);
  /// It needs no answer any more.
  void leave(const std::string& host, std::uint64_t number) noexcept;

private:
  using clock = std::chrono::steady_clock;
  struct lookup {
    std::vector<std::pair<std::uint64_t, resumer<name_answer>>> waiters;
    bool begun = false;
  };
  struct entry {
    std::string addresses;
    clock::time_point until;
  };

  static void run(const std::shared_ptr<name_resolver>& self);
  void add_thread();
  void keep(const std::string& host, const std::string& addresses) noexcept;

  std::mutex mutex_; // of all that follows
  std::condition_variable queued_;
  std::unordered_map<std::string, lookup> lookups_;
  std::deque<std::string> queue_; // those that haven't begun
  std::unordered_map<std::string, entry> known_;
  std::size_t threads_ = 0, idle_ = 0;
  std::uint64_t last_ = 0;
};

} // namespace taskactor::detail
