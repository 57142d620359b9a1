/// What a program and its workers say to each other: frames (`transport/frame.hpp`) that are arrays, of a
/// kind and what belongs to it. NUMBER is of a call, ARGUMENTS and RESULT are CBOR in a byte string, TOKEN
/// is the call's fencing token.
///
///     to the worker     call NUMBER NAME ARGUMENTS TOKEN      run a registered task, after those sent before
///                       stop NUMBER                           cancel it
///                       give_back NUMBER                      don't begin it, unless it has begun
///                       reply ASKED HOW TEXT CODE SIGNAL OUT ERR CUT
///                                                             to `ask`; HOW is result, failed, refused,
///                                                             cancelled or lost; then what it has printed
///     from the worker   hello VERSION                         first of all
///                       result NUMBER RESULT
///                       failed NUMBER TEXT                    the body has thrown; in words
///                       refused NUMBER CODE TEXT              no such task, or not with these arguments;
///                                                             CODE is an errc
///                       cancelled NUMBER
///                       returned NUMBER                       given back: it hasn't begun
///                       progress NUMBER DONE TOTAL TEXT       of the call that runs
///                       printed NUMBER                        before its answer: read its output up to here
///                       log NUMBER LEVEL LOGGER TEXT          spdlog's level, from 0 (trace) to 5 (critical)
///                       ask NUMBER ASKED NAME ARGUMENTS CAPTURES
///                                                             the call that runs wants another task run
///                       signal NUMBER ASKED SIGNAL            to that one's process; -1: cancel it
///
/// A worker runs one call at a time, in the order in which they came, and begins none before it has answered
/// the one before. So when it dies, only the first that it hasn't answered may have begun. Each call is
/// answered once: by `cancelled` or `returned` at any time, by the others in its turn.
#pragma once

namespace taskactor::detail {

enum class worker_frame : int {
  call,
  stop,
  give_back,
  hello,
  result,
  failed,
  refused,
  cancelled,
  returned,
  progress,
  printed,
  log,
  ask,
  signal,
  reply,
  lost
};

constexpr int worker_protocol_version = 3;
/// How a program is told that it is a worker: by its first argument, and by this variable too, so that no
/// argument of a user's makes it one.
constexpr const char* worker_argument = "--taskactor-worker";
constexpr const char* worker_variable = "TASKACTOR_WORKER"; // its parent's grace, in nanoseconds
/// Before the path of a library of tasks; several are loaded in their order.
constexpr const char* load_argument = "--load";

} // namespace taskactor::detail
