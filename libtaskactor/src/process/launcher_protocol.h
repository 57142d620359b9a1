/* What the library and the launcher (launcher.c) agree on. C and C++. */
#pragma once

/* The launcher's first argument says what it is to be:
 *
 *   "run" PARENT CWD MEMORY NICENESS N CANDIDATE... ARGUMENT...
 *                         become the first of N candidate paths that can be executed
 *   "watchdog" PARENT     kill the groups that PARENT leaves behind
 *   "probe"               exit with code 0
 *
 * Numbers are decimal. PARENT is the process id of the library's process. CWD "" means no change, MEMORY 0
 * (in bytes) no limit; NICENESS is added to what there is. */
#define TASKACTOR_MODE_RUN "run"
#define TASKACTOR_MODE_WATCHDOG "watchdog"
#define TASKACTOR_MODE_PROBE "probe"

enum {
  /* Open in "run", besides the three streams: where a failure is written (a launcher_failure; closed without
   * one when the program has been executed), and where its group is announced. */
  launcher_status_fd = 3,
  launcher_groups_fd = 4,
  /* Open in "watchdog", and nothing else: where groups are announced and taken back, by a 32-bit number each:
   * the process group, or its negative. */
  watchdog_groups_fd = 0,
};

enum launcher_stage {
  launcher_stage_arrange = 1, /* asking for the parent's death signal */
  launcher_stage_memory,      /* limiting memory */
  launcher_stage_niceness,    /* lowering the priority */
  launcher_stage_directory,   /* changing to the working directory */
  launcher_stage_execute,     /* executing the program */
  launcher_stage_interpreter, /* executing it: the file is there, what its first line or header names isn't */
};

struct launcher_failure {
  int stage;
  int error;
};
