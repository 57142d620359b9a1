/// A mutex for sections of some dozen nanoseconds: it spins a little before it sleeps, since to put a thread
/// to sleep and to wake it costs many times what it would wait for.
#pragma once

#include <pthread.h>

namespace taskactor::detail {

class adaptive_mutex {
public:
  adaptive_mutex() = default;
  adaptive_mutex(const adaptive_mutex&) = delete;
  adaptive_mutex& operator=(const adaptive_mutex&) = delete;
  ~adaptive_mutex() { ::pthread_mutex_destroy(&mutex_); }
  void lock() noexcept { ::pthread_mutex_lock(&mutex_); }
  bool try_lock() noexcept { return ::pthread_mutex_trylock(&mutex_) == 0; }
  void unlock() noexcept { ::pthread_mutex_unlock(&mutex_); }

private:
  pthread_mutex_t mutex_ = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
};

} // namespace taskactor::detail
