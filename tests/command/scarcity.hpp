/// Lets calls of this program fail as they do when the machine, or a limit, has no more of something.
///
/// A limit of the kernel's can't do that in a test: the superuser has none on processes and threads, and one
/// on descriptors hits whatever asks first. So the test program has these functions of the C library itself,
/// in their place, and passes on what isn't to fail. For one source file alone.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>

#include <dlfcn.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

namespace scarcity {

enum class kind { thread, pipe, memory_file, event, poller, socket_pair, process };
inline constexpr kind kinds_of_descriptor[]
    = {kind::pipe, kind::memory_file, kind::event, kind::poller, kind::socket_pair};

/// As long as it lives, calls of one kind fail: `times` of them from the `nth` on (1: the next). One at a
/// time.
class shortage {
public:
  shortage(kind which, int error, int nth = 1, int times = 1) noexcept;
  ~shortage();
  shortage(const shortage&) = delete;
  shortage& operator=(const shortage&) = delete;
  /// How many have failed.
  int failed() const noexcept;
  /// Waits until at least one has.
  void wait() const noexcept;
};

inline constexpr int always = 1 << 30;

/// As long as it lives, there are at most so many threads.
class thread_limit {
public:
  explicit thread_limit(int most) noexcept;
  ~thread_limit();
  thread_limit(const thread_limit&) = delete;
  thread_limit& operator=(const thread_limit&) = delete;
  /// How often that was in the way.
  int failed() const noexcept;
};

inline std::atomic<int> which_now{-1}, left_before{0}, left_to_fail{0}, error_now{0}, failures{0},
    most_threads{0};

/// The errno to fail with; 0: it isn't to fail.
inline int fault(kind which) noexcept {
  if (which_now.load() != static_cast<int>(which) || left_before.fetch_sub(1) > 1
      || left_to_fail.fetch_sub(1) < 1)
    return 0;
  failures.fetch_add(1);
  failures.notify_all();
  return error_now.load();
}

template <class F>
F* real(const char* name) noexcept {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

template <class F, class... Args>
auto pass_on(F* function, kind which, Args... args) noexcept {
  if (const int error = fault(which)) {
    errno = error;
    return -1;
  }
  return function(args...);
}

inline const char* name_of(kind which) noexcept {
  constexpr const char* names[]
      = {"thread", "pipe2", "memfd_create", "eventfd", "epoll_create1", "socketpair", "clone"};
  return names[static_cast<int>(which)];
}

inline shortage::shortage(kind which, int error, int nth, int times) noexcept {
  failures = 0;
  error_now = error;
  left_before = nth;
  left_to_fail = times;
  which_now = static_cast<int>(which);
}

inline shortage::~shortage() { which_now = -1; }

inline int shortage::failed() const noexcept { return failures.load(); }
inline void shortage::wait() const noexcept { failures.wait(0); }

inline std::atomic<int> threads_now{1};

/// Of this process now: of those whose function has returned, the kernel may still have some for a while,
/// joined ones too.
inline int threads() noexcept { return threads_now.load(); }

struct beginning {
  void* (*run)(void*);
  void* with;
};

/// What each thread begins with, and is counted by. `given`: a `beginning`, by `malloc`.
inline void* run_counted(void* given) {
  struct counted {
    ~counted() { threads_now.fetch_sub(1); }
  };
  const counted until_it_returns{};
  const auto what = *static_cast<beginning*>(given);
  std::free(given);
  return what.run(what.with);
}

inline thread_limit::thread_limit(int most) noexcept {
  failures = 0;
  most_threads = most;
}
inline thread_limit::~thread_limit() { most_threads = 0; }
inline int thread_limit::failed() const noexcept { return failures.load(); }

/// There is no room for another one.
inline bool has_no_thread() {
  const int most = most_threads.load();
  if (most == 0 || threads() < most)
    return false;
  failures.fetch_add(1);
  return true;
}

} // namespace scarcity

// -- in the place of the C library's ----------------------------------------

using scarcity::kind;

extern "C" {

int pthread_create(pthread_t* into, const pthread_attr_t* how, void* (*run)(void*), void* with) noexcept {
  static auto* const next = scarcity::real<decltype(::pthread_create)>("pthread_create");
  if (scarcity::has_no_thread())
    return EAGAIN;
  if (const int error = scarcity::fault(kind::thread))
    return error;
  auto* const what = static_cast<scarcity::beginning*>(std::malloc(sizeof(scarcity::beginning)));
  if (what == nullptr)
    return EAGAIN;
  *what = {run, with};
  scarcity::threads_now.fetch_add(1);
  const int error = next(into, how, scarcity::run_counted, what);
  if (error != 0) {
    scarcity::threads_now.fetch_sub(1);
    std::free(what);
  }
  return error;
}

int pipe2(int* ends, int flags) noexcept {
  static auto* const next = scarcity::real<int(int*, int)>("pipe2");
  return scarcity::pass_on(next, kind::pipe, ends, flags);
}

int memfd_create(const char* name, unsigned flags) noexcept {
  static auto* const next = scarcity::real<int(const char*, unsigned)>("memfd_create");
  return scarcity::pass_on(next, kind::memory_file, name, flags);
}

int eventfd(unsigned value, int flags) noexcept {
  static auto* const next = scarcity::real<int(unsigned, int)>("eventfd");
  return scarcity::pass_on(next, kind::event, value, flags);
}

int epoll_create1(int flags) noexcept {
  static auto* const next = scarcity::real<int(int)>("epoll_create1");
  return scarcity::pass_on(next, kind::poller, flags);
}

int socketpair(int domain, int type, int protocol, int* ends) noexcept {
  static auto* const next = scarcity::real<int(int, int, int, int*)>("socketpair");
  return scarcity::pass_on(next, kind::socket_pair, domain, type, protocol, ends);
}

// The name by which the library calls it.
// NOLINTNEXTLINE(bugprone-reserved-identifier)
int __clone(int (*run)(void*), void* stack, int flags, void* with, ...) {
  static auto* const next = scarcity::real<int(int (*)(void*), void*, int, void*, ...)>("__clone");
  std::va_list more;
  va_start(more, with);
  auto* const parents = va_arg(more, pid_t*);
  va_end(more);
  if (const int error = scarcity::fault(kind::process)) {
    errno = error;
    return -1;
  }
  return next(run, stack, flags, with, parents);
}

} // extern "C"
