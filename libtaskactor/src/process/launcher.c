/* The program between the library and a command, and the one that outlives the library's process: see
 * launcher_protocol.h. It exists for what posix_spawn can't do.
 *
 * "run" asks the kernel to kill this process when its parent goes, announces its process group to the
 * watchdog, and becomes the command. The announcement is in the watchdog's pipe before the command can have
 * children: there is no moment at which a killed parent leaves a group that nobody knows of.
 *
 * "watchdog" waits for the end of the library's process and kills the groups that were announced and not
 * taken back. The parent's death signal reaches only the first process of a command; this reaches the rest.
 * It is started with all signals blocked, in a session of its own. */
#include "launcher_protocol.h"
#include "launcher_system.h"

#include <asm/errno.h>
#include <asm/poll.h>
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/time_types.h>

enum {
  sigkill = 9,
  signals = 64,
  exit_not_started = 127,
  pid_limit = 1 << 22,
  usual_descriptor_limit = 1 << 16
};

static void quit(int code) {
  for (;;)
    SYSTEM_CALL(exit_group, code, 0, 0, 0, 0);
}

static unsigned long long number(const char* digits) {
  unsigned long long value = 0;
  for (; *digits >= '0' && *digits <= '9'; ++digits)
    value = value * 10 + (unsigned)(*digits - '0');
  return value;
}

static int parent_is(unsigned long long expected) {
  return (unsigned long long)SYSTEM_CALL(getppid, 0, 0, 0, 0, 0) == expected;
}

static void fail(int stage, long error) {
  struct launcher_failure failure = {stage, (int)-error};
  SYSTEM_CALL(write, launcher_status_fd, &failure, sizeof failure, 0, 0);
  quit(exit_not_started);
}

/* Kernels before 5.11 can't mark a range; sandboxes refuse the call. */
static void close_on_exec_from(int first) {
  if (SYSTEM_CALL(close_range, first, ~0u, CLOSE_RANGE_CLOEXEC, 0, 0) == 0)
    return;
  for (int fd = first; fd < usual_descriptor_limit; ++fd)
    SYSTEM_CALL(fcntl, fd, F_SETFD, FD_CLOEXEC, 0, 0);
}

static void close_from(int first) {
  if (SYSTEM_CALL(close_range, first, ~0u, 0, 0, 0) == 0)
    return;
  for (int fd = first; fd < usual_descriptor_limit; ++fd)
    SYSTEM_CALL(close, fd, 0, 0, 0, 0);
}

static int exists(const char* path) { return SYSTEM_CALL(faccessat, AT_FDCWD, path, 0, 0, 0) == 0; }

static int is_absent(long result) {
  return result == -ENOENT || result == -ENOTDIR || result == -ENAMETOOLONG || result == -ESTALE
         || result == -ENODEV || result == -ETIMEDOUT;
}

/* A file that is being written can't be executed, and a process that another thread of ours is just starting
 * has a copy of each descriptor until it executes: a script that was written a moment ago is worth another
 * try. */
static long execute(const char* path, char** arguments, char** environment) {
  long result = -ETXTBSY;
  for (long pause = 1000000; result == -ETXTBSY && pause <= 64000000; pause *= 2) { /* 1 to 64 ms */
    struct __kernel_timespec time = {0, pause};
    result = SYSTEM_CALL(execve, path, arguments, environment, 0, 0);
    if (result == -ETXTBSY)
      SYSTEM_CALL(nanosleep, &time, 0, 0, 0, 0);
  }
  return result;
}

/* As execvp: goes on after what is not there or not permitted, and remembers the latter. */
static void execute_first(char** candidates, int count, char** arguments, char** environment) {
  int stage = launcher_stage_execute;
  long error = -ENOENT;
  for (int i = 0; i < count; ++i) {
    long result = execute(candidates[i], arguments, environment);
    if (is_absent(result)) {
      if (exists(candidates[i])) {
        stage = launcher_stage_interpreter;
        error = result;
      }
    } else if (result == -EACCES) {
      /* One candidate is a path that the caller named: a directory that can't be searched is worth telling.
       */
      if (count == 1 || exists(candidates[i])) {
        stage = launcher_stage_execute;
        error = result;
      }
    } else {
      fail(launcher_stage_execute, result);
    }
  }
  fail(stage, error);
}

/* glibc's posix_spawn leaves the two signals that it keeps for itself ignored. All zero bytes mean the
 * default. */
static void reset_signal(int signal) {
  static const unsigned long defaults[8];
  SYSTEM_CALL(rt_sigaction, signal, defaults, 0, signals / 8, 0);
}

/* A key of the terminal (Ctrl-C) signals the program that uses the library, and for a moment each new command
 * was in that program's process group: it starts with these signals blocked, and forgets them here. */
static void forget_keys(void) {
  static const unsigned long ignored[8] = {1}, none[signals / 64] = {0};
  static const int keys[] = {2, 3, 20}; /* INT, QUIT, TSTP: as in child_setup::as_command() */
  for (unsigned i = 0; i < sizeof keys / sizeof *keys; ++i) {
    SYSTEM_CALL(rt_sigaction, keys[i], ignored, 0, signals / 8, 0);
    reset_signal(keys[i]);
  }
  SYSTEM_CALL(rt_sigprocmask, 2 /* set */, none, 0, signals / 8, 0);
}

/* Both limits, so that the command can't lift it again. One that is lower already stays. */
static void limit_memory(unsigned long long bytes) {
  struct rlimit64 limit;
  long result = SYSTEM_CALL(prlimit64, 0, RLIMIT_DATA, 0, &limit, 0);
  if (result == 0) {
    limit.rlim_cur = bytes < limit.rlim_cur ? bytes : limit.rlim_cur;
    limit.rlim_max = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    result = SYSTEM_CALL(prlimit64, 0, RLIMIT_DATA, &limit, 0, 0);
  }
  if (result < 0)
    fail(launcher_stage_memory, result);
}

/* The system call tells 20 less the niceness, so that what it tells is never negative; what goes beyond the
 * end of the scale stays at its end. */
static void lower_priority(int by) {
  long result = SYSTEM_CALL(getpriority, PRIO_PROCESS, 0, 0, 0, 0);
  if (result > 0)
    result = SYSTEM_CALL(setpriority, PRIO_PROCESS, 0, 20 - result + by, 0, 0);
  if (result < 0)
    fail(launcher_stage_niceness, result);
}

static void run(char** arguments, char** environment) {
  const char* directory = arguments[1];
  unsigned long long memory = number(arguments[2]);
  int niceness = (int)number(arguments[3]);
  int count = (int)number(arguments[4]);
  char** candidates = arguments + 5;
  long result = SYSTEM_CALL(prctl, PR_SET_PDEATHSIG, sigkill, 0, 0, 0);
  if (result < 0)
    fail(launcher_stage_arrange, result);
  if (!parent_is(number(arguments[0]))) /* it died before it could be asked for */
    quit(exit_not_started);
  reset_signal(32);
  reset_signal(33);
  forget_keys();
  close_on_exec_from(3);
  if (memory != 0)
    limit_memory(memory);
  if (niceness != 0)
    lower_priority(niceness);
  if (*directory != 0) {
    result = SYSTEM_CALL(chdir, directory, 0, 0, 0, 0);
    if (result < 0)
      fail(launcher_stage_directory, result);
  }
  int self = (int)SYSTEM_CALL(getpid, 0, 0, 0, 0, 0);
  SYSTEM_CALL(write, launcher_groups_fd, &self, sizeof self, 0, 0);
  execute_first(candidates, count, candidates + count, environment);
}

/* One bit for each process group that there can be. */
static unsigned char groups[pid_limit / 8];

static void note(int record) {
  int group = record < 0 ? -record : record;
  unsigned char bit = (unsigned char)(1u << (group % 8));
  if (group <= 1 || group >= pid_limit)
    return;
  if (record > 0)
    groups[group / 8] |= bit;
  else
    groups[group / 8] &= (unsigned char)~bit;
}

static void kill_groups(void) {
  for (int i = 0; i < pid_limit / 8; ++i)
    for (int bit = 0; groups[i] >> bit; ++bit)
      if (groups[i] >> bit & 1)
        SYSTEM_CALL(kill, -(i * 8 + bit), sigkill, 0, 0, 0);
}

/* The end of the parent shows twice: its process descriptor becomes readable, though a copy of the pipe's
 * other end may live on in a process that it forked; and the pipe ends, though the process may live on after
 * an exec of its own. */
static void watch(unsigned long long parent) {
  static int records[1024];
  close_from(watchdog_groups_fd + 1);
  SYSTEM_CALL(chdir, "/", 0, 0, 0, 0);
  SYSTEM_CALL(prctl, PR_SET_NAME, "ta-watchdog", 0, 0, 0);
  struct pollfd polled[2]
      = {{watchdog_groups_fd, POLLIN, 0}, {(int)SYSTEM_CALL(pidfd_open, parent, 0, 0, 0, 0), POLLIN, 0}};
  for (;;) {
    int parent_ended = !parent_is(parent);
    long size = SYSTEM_CALL(read, watchdog_groups_fd, records, sizeof records, 0, 0);
    if (size == 0 || (size == -EAGAIN && parent_ended))
      break;
    for (long i = 0; i < size / (long)sizeof *records; ++i)
      note(records[i]);
    if (size < 0)
      SYSTEM_CALL(ppoll, polled, 2, 0, 0, 0);
  }
  kill_groups();
}

static int same(const char* left, const char* right) {
  while (*left != 0 && *left == *right)
    ++left, ++right;
  return *left == *right;
}

static int launch(int count, char** arguments, char** environment) {
  if (count > 6 && same(arguments[0], TASKACTOR_MODE_RUN))
    run(arguments + 1, environment);
  else if (count == 2 && same(arguments[0], TASKACTOR_MODE_WATCHDOG))
    watch(number(arguments[1]));
  else if (count != 1 || !same(arguments[0], TASKACTOR_MODE_PROBE))
    return 2;
  return 0;
}

#ifdef TASKACTOR_LAUNCHER_BARE

__attribute__((used, noreturn)) void enter(long* stack) {
  int count = (int)*stack;
  char** arguments = (char**)(stack + 1);
  quit(launch(count, arguments, arguments + count + 1));
  __builtin_unreachable();
}

#else

int main(int count, char** arguments, char** environment) { return launch(count, arguments, environment); }

#endif
