/// Tests of task bodies that always go the same way: virtual time, seeded order, injected faults.
///
///     ta::testing::manager m{{.seed = 7}};          // a task manager in virtual time
///     auto h = m.tasks().add_task({.timeout = 1h}, poll_until_done).value();
///     m.advance(30min);                             // takes no time
///     m.kill_task("poller");                        // what goes wrong, goes wrong when the test says so
///     h.get();                                      // jumps from one due time to the next
///
/// A library of its own, `taskactor::testing`, that programs don't link. It knows no test framework: what
/// fails is an exception with a text that says what to look at, so it works with all of them.
///
/// Limits: threads (`run_in_thread`), processes and observers are real, and wake tasks when they like; see
/// `thread_calls` for calls that are made in turn instead.
#pragma once

#include <taskactor/testing/explore.hpp>
#include <taskactor/testing/faults.hpp>
#include <taskactor/testing/manager.hpp>
#include <taskactor/testing/stuck.hpp>
