#include "command/command_child.hpp"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <mutex>
#include <new>
#include <system_error>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// The C library's clone by its other name, which it exports as well: ThreadSanitizer puts a function of its
// own in the place of the first, and takes each child for a fork, after which there can be no new threads.
extern "C" int __clone(int (*)(void*), void*, int, void*, ...); // NOLINT(bugprone-reserved-identifier)

namespace taskactor::detail {

namespace {

constexpr int exit_not_started = 127;
constexpr int usual_descriptor_limit = 1 << 16;
constexpr int signals = 64;

/// With the two that glibc keeps for itself and hides from its own functions.
using signal_mask = std::uint64_t;

/// What the kernel takes; glibc's has its members in another order.
struct kernel_action {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  signal_mask mask;
};

void set_handler(int number, void (*handler)(int)) noexcept {
  const kernel_action action{handler, 0, nullptr, 0};
  ::syscall(SYS_rt_sigaction, number, &action, nullptr, sizeof action.mask);
}

void set_mask(signal_mask mask) noexcept {
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, sizeof mask);
}

[[noreturn]] void fail(child_orders& orders, start_stage stage, int error) noexcept {
  orders.failure = {stage, error};
  for (;;)
    ::syscall(SYS_exit_group, exit_not_started);
}

void require(bool good, child_orders& orders, start_stage stage) noexcept {
  if (!good)
    fail(orders, stage, errno);
}

/// This program's own handlers must not run in a child that has its memory: they go first, while all signals
/// are blocked. A key of the terminal (Ctrl-C) signals the group of this program, and the child was in it for
/// a moment: what such a key has sent is forgotten, by its being ignored once.
void reset_signals() noexcept {
  for (const int key : {SIGINT, SIGQUIT, SIGTSTP})
    set_handler(key, SIG_IGN);
  for (int number = 1; number <= signals; ++number)
    set_handler(number, SIG_DFL);
}

void give_streams(child_orders& orders) noexcept {
  for (int number = 0; number < 3; ++number) {
    const int from = orders.streams[static_cast<std::size_t>(number)];
    if (from == number)
      ::syscall(SYS_fcntl, number, F_SETFD, 0);
    else
      require(::syscall(SYS_dup3, from, number, 0) == number, orders, start_stage::arrange);
  }
  if (orders.inherits)
    return;
  // Kernels before 5.11 can't mark a range; sandboxes refuse the call.
  if (::syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
    for (int fd = 3; fd < usual_descriptor_limit; ++fd)
      ::syscall(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
}

/// First out of the way of all numbers that they may be put to: one's number may be another's place.
void give_passed(child_orders& orders) noexcept {
  for (std::size_t i = 0; i < orders.passed_count; ++i) {
    auto& from = orders.passed[i].from;
    from = static_cast<int>(::syscall(SYS_fcntl, from, F_DUPFD_CLOEXEC, orders.highest_passed + 1));
    require(from >= 0, orders, start_stage::passing);
  }
  for (std::size_t i = 0; i < orders.passed_count; ++i)
    require(::syscall(SYS_dup3, orders.passed[i].from, orders.passed[i].to, 0) >= 0, orders,
            start_stage::passing);
}

/// Both limits, so that the command can't lift it again. One that is lower already stays.
void limit_memory(child_orders& orders) noexcept {
  rlimit limit{};
  require(::syscall(SYS_prlimit64, 0, RLIMIT_DATA, nullptr, &limit) == 0, orders, start_stage::memory);
  limit.rlim_cur = orders.memory < limit.rlim_cur ? orders.memory : limit.rlim_cur;
  limit.rlim_max = orders.memory < limit.rlim_max ? orders.memory : limit.rlim_max;
  require(::syscall(SYS_prlimit64, 0, RLIMIT_DATA, &limit, nullptr) == 0, orders, start_stage::memory);
}

void limit_files(child_orders& orders) noexcept {
  rlimit limit{};
  require(::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limit) == 0, orders, start_stage::open_files);
  limit.rlim_cur = orders.open_files < limit.rlim_max ? orders.open_files : limit.rlim_max;
  require(::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, nullptr) == 0, orders, start_stage::open_files);
}

/// The foreground of the terminal: all signals are blocked, so that being in the background doesn't stop it.
void take_terminal(child_orders& orders) noexcept {
  const int self = static_cast<int>(::syscall(SYS_getpid));
  require(::syscall(SYS_ioctl, 0, TIOCSPGRP, &self) == 0, orders, start_stage::arrange);
}

/// The system call tells 20 less the niceness, so that what it tells is never negative; what goes beyond the
/// end of the scale stays at its end.
void lower_priority(child_orders& orders) noexcept {
  const auto told = ::syscall(SYS_getpriority, PRIO_PROCESS, 0);
  require(told > 0, orders, start_stage::niceness);
  require(::syscall(SYS_setpriority, PRIO_PROCESS, 0, 20 - told + orders.niceness) == 0, orders,
          start_stage::niceness);
}

void die_with_parent(child_orders& orders) noexcept {
  require(::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL) == 0, orders, start_stage::arrange);
  if (::syscall(SYS_getppid) != orders.parent) // it died before it could be asked for
    fail(orders, start_stage::arrange, ESRCH);
}

/// Those that a program which isn't root's hands on to what it executes: the kernel takes them only from root
/// when it becomes somebody else. Kernels before 4.3 have none.
void forget_capabilities(child_orders& orders) noexcept {
  require(::syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 || errno == EINVAL,
          orders, start_stage::identity);
}

/// The user last: it takes the rights of the one before to change anything. The kernel forgets the parent's
/// death signal with that. System calls change this process alone, whereas the C library's functions would
/// change all threads of the program whose memory this is.
void become(const child_identity& who, child_orders& orders) noexcept {
  if (who.changes_groups)
    require(::syscall(SYS_setgroups, who.group_count, who.groups) == 0, orders, start_stage::identity);
  if (who.changes_group)
    require(::syscall(SYS_setresgid, who.group, who.group, who.group) == 0, orders, start_stage::identity);
  if (who.changes_user)
    require(::syscall(SYS_setresuid, who.user, who.user, who.user) == 0, orders, start_stage::identity);
  if (who.changes_user)
    forget_capabilities(orders);
  die_with_parent(orders);
}

/// Before the command can have children. Not by a function of `group_table`, which is compiled with
/// sanitizers.
void note_group(const child_orders& orders) noexcept {
  const auto self = ::syscall(SYS_getpid);
  __atomic_store_n(orders.group, static_cast<std::int32_t>(self), __ATOMIC_SEQ_CST);
}

bool is_absent(int error) noexcept {
  return error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG || error == ESTALE || error == ENODEV
         || error == ETIMEDOUT;
}

bool exists(const char* path) noexcept { return ::syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0; }

/// A file that is being written can't be executed, and a process that another thread of ours is just starting
/// has a copy of each descriptor until it executes: a script that was written a moment ago is worth another
/// try.
int execute(const char* path, const child_orders& orders) noexcept {
  ::syscall(SYS_execve, path, orders.arguments, orders.environment);
  for (long pause = 1'000'000; errno == ETXTBSY && pause <= 16'000'000; pause *= 2) { // 1 to 16 ms
    const timespec time{0, pause};
    ::syscall(SYS_nanosleep, &time, nullptr);
    ::syscall(SYS_execve, path, orders.arguments, orders.environment);
  }
  return errno;
}

/// As execvp: goes on after what is not there or not permitted, and remembers the latter.
[[noreturn]] void execute_first(child_orders& orders) noexcept {
  start_failure worth_telling{start_stage::execute, ENOENT};
  for (auto each = orders.candidates; *each; ++each) {
    const int error = execute(*each, orders);
    if (is_absent(error)) {
      if (exists(*each))
        worth_telling = {start_stage::interpreter, error};
    } else if (error == EACCES) {
      // One candidate is a path that the caller named: a directory that can't be searched is worth telling.
      if (!orders.candidates[1] || exists(*each))
        worth_telling = {start_stage::execute, error};
    } else {
      fail(orders, start_stage::execute, error);
    }
  }
  fail(orders, worth_telling.stage, worth_telling.error);
}

int live(void* given) noexcept {
  auto& orders = *static_cast<child_orders*>(given);
  require(::syscall(SYS_setpgid, 0, 0) == 0, orders, start_stage::arrange);
  reset_signals();
  die_with_parent(orders);
  give_streams(orders);
  give_passed(orders);
  if (orders.memory != 0)
    limit_memory(orders);
  if (orders.open_files != 0)
    limit_files(orders);
  if (orders.takes_terminal)
    take_terminal(orders);
  if (orders.niceness != 0)
    lower_priority(orders);
  if (orders.umask >= 0)
    ::syscall(SYS_umask, orders.umask);
  if (orders.identity)
    become(*orders.identity, orders);
  if (*orders.directory != 0)
    require(::syscall(SYS_chdir, orders.directory) == 0, orders, start_stage::directory);
  note_group(orders);
  set_mask(0);
  execute_first(orders);
}

/// A process that becomes another user's can't be looked into by that user, nor leave its memory in a file;
/// until it executes its memory is ours, so that this would be so for us for ever. One at a time: what is
/// made undone must not be another one's.
class kept_dumpable {
public:
  explicit kept_dumpable(bool at_risk) : lock_(one_at_a_time, std::defer_lock) {
    if (!at_risk)
      return;
    lock_.lock();
    before_ = now();
  }
  kept_dumpable(const kept_dumpable&) = delete;
  kept_dumpable& operator=(const kept_dumpable&) = delete;
  ~kept_dumpable() {
    if (before_ == 1 && now() != 1)
      ::prctl(PR_SET_DUMPABLE, 1);
  }

private:
  static int now() noexcept { return ::prctl(PR_GET_DUMPABLE); }

  static inline std::mutex one_at_a_time;
  std::unique_lock<std::mutex> lock_;
  int before_ = -1;
};

/// All, so that no handler of ours runs in the child, in our memory. SIGCHLD stays as it is while nobody
/// handles it: blocked, the ends of other commands would be kept for us, and wake whoever looks for signals.
signal_mask blocked_at_start() noexcept {
  struct sigaction child_ends {};
  const bool handled = ::sigaction(SIGCHLD, nullptr, &child_ends) != 0 || child_ends.sa_handler != SIG_DFL;
  return handled ? ~signal_mask{0} : ~(signal_mask{1} << (SIGCHLD - 1));
}

} // namespace

child_stack::child_stack() {
  void* const memory
      = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED)
    throw std::bad_alloc{};
  memory_ = static_cast<std::byte*>(memory);
}

child_stack::~child_stack() { ::munmap(memory_, size); }

void start_child(child_orders& orders, const child_stack& stack, pid_t& pid) {
  const kept_dumpable memory{orders.identity != nullptr};
  signal_mask before{};
  const auto blocked = blocked_at_start();
  ::syscall(SYS_rt_sigprocmask, SIG_BLOCK, &blocked, &before, sizeof blocked);
  const int child
      = ::__clone(live, stack.top(), CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | SIGCHLD, &orders, &pid);
  const int error = errno;
  set_mask(before);
  if (child < 0)
    throw std::system_error{error, std::generic_category(), "clone"};
}

} // namespace taskactor::detail
