/// `store_aside`: the thread that makes what reads all of a store (a copy, a check), with a backend of its
/// own: on the store's thread it would hold up the beats of this process's runners until they are taken for
/// lost. One after the other; the thread is there while there is anything to make.
///
/// Threads: `add` and `end` from one alone, the store's.
#pragma once

#include "queue/store_backend.hpp"
#include "queue/store_request.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace taskactor::detail {

class store_aside {
public:
  store_aside() = default;
  store_aside(const store_aside&) = delete;
  store_aside& operator=(const store_aside&) = delete;
  ~store_aside() { end(); }

  /// It is made or refused, and told. Errors: `std::system_error`, `std::bad_alloc`; then nothing was done.
  void add(backend_opener open, const std::shared_ptr<store_request>& what);
  /// Waits until all is made.
  void end() noexcept;

private:
  struct entry {
    backend_opener open;
    std::shared_ptr<store_request> what;
  };

  void run() noexcept;

  std::mutex mutex_; // of the next two
  std::deque<entry> waiting_;
  bool runs_ = false; // what is added will be made by the thread that there is

  std::thread thread_;
};

} // namespace taskactor::detail
