/* What the library and the watchdog (watchdog.c) agree on. C and C++. */
#pragma once

/* The program's first argument says what it is to do:
 *
 *   "watchdog" PARENT     kill the groups that the process PARENT (decimal) leaves behind
 *   "probe"               exit with code 0 */
#define TASKACTOR_MODE_WATCHDOG "watchdog"
#define TASKACTOR_MODE_PROBE "probe"

enum {
  /* Open in "watchdog", and nothing else: the file with the groups, an int for each command that runs and 0
   * for none, and a pipe that nobody writes to, whose end is the parent's. */
  watchdog_groups_fd = 0,
  watchdog_pipe_fd = 1,
};
