/* The program that outlives the library's process and kills what its commands leave behind: see
 * watchdog_protocol.h.
 *
 * The parent's death signal reaches only the first process of a command; this reaches the rest of its group.
 * It is started with all signals blocked, in a session of its own, and sleeps until the parent's end. */
#include "system_call.h"
#include "watchdog_protocol.h"

#include <asm/errno.h>
#include <asm/poll.h>
#include <linux/close_range.h>
#include <linux/prctl.h>

enum { sigkill = 9, usual_descriptor_limit = 1 << 16 };

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

/* Kernels before 5.9 can't close a range; sandboxes refuse the call. */
static void close_from(int first) {
  if (SYSTEM_CALL(close_range, first, ~0u, 0, 0, 0) == 0)
    return;
  for (int fd = first; fd < usual_descriptor_limit; ++fd)
    SYSTEM_CALL(close, fd, 0, 0, 0, 0);
}

/* The end of the parent shows twice: its process descriptor becomes readable, though a copy of the pipe's
 * other end may live on in a process that it forked; and the pipe ends, though the process may live on after
 * an exec of its own. */
static void await_end_of(unsigned long long parent) {
  struct pollfd polled[2]
      = {{watchdog_pipe_fd, POLLIN, 0}, {(int)SYSTEM_CALL(pidfd_open, parent, 0, 0, 0, 0), POLLIN, 0}};
  while (parent_is(parent))
    if (SYSTEM_CALL(ppoll, polled, 2, 0, 0, 0) > 0)
      return;
}

static int groups[1024];

static void kill_groups(void) {
  for (long at = 0, size = 1; size > 0; at += size) {
    size = SYSTEM_CALL(pread64, watchdog_groups_fd, groups, sizeof groups, at, 0);
    for (long i = 0; i < size / (long)sizeof *groups; ++i)
      if (groups[i] > 1)
        SYSTEM_CALL(kill, -groups[i], sigkill, 0, 0, 0);
  }
}

static void watch(unsigned long long parent) {
  close_from(watchdog_pipe_fd + 1);
  SYSTEM_CALL(chdir, "/", 0, 0, 0, 0);
  SYSTEM_CALL(prctl, PR_SET_NAME, "ta-watchdog", 0, 0, 0);
  await_end_of(parent);
  kill_groups();
}

static int same(const char* left, const char* right) {
  while (*left != 0 && *left == *right)
    ++left, ++right;
  return *left == *right;
}

static int perform(int count, char** arguments) {
  if (count == 2 && same(arguments[0], TASKACTOR_MODE_WATCHDOG))
    watch(number(arguments[1]));
  else if (count != 1 || !same(arguments[0], TASKACTOR_MODE_PROBE))
    return 2;
  return 0;
}

#ifdef TASKACTOR_WATCHDOG_BARE

__attribute__((used, noreturn)) void enter(long* stack) {
  quit(perform((int)*stack, (char**)(stack + 1)));
  __builtin_unreachable();
}

#else

int main(int count, char** arguments) { return perform(count, arguments); }

#endif
