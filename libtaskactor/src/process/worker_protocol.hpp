/// What a program and its workers say to each other: frames (`link/frame.hpp`) that are arrays, of a kind and
/// what belongs to it. NUMBER is of a call, ARGUMENTS and RESULT are CBOR in a byte string.
///
///     to the worker     call NUMBER NAME ARGUMENTS            run a registered task
///                       stop NUMBER                           cancel it
///     from the worker   hello VERSION                         first of all
///                       result NUMBER RESULT
///                       failed NUMBER TEXT                    the body has thrown; in words
///                       refused NUMBER TEXT                   no task of that name, or not with these
///                       arguments cancelled NUMBER progress NUMBER DONE TOTAL TEXT       of the call that
///                       runs
///
/// A worker runs one call at a time. Each call is answered once, by one of the middle four.
#pragma once

namespace taskactor::detail {

enum class said : int { call, stop, hello, result, failed, refused, cancelled, progress };

constexpr int worker_protocol_version = 1;
/// How a program is told that it is a worker: by its first argument, and by this variable too, so that no
/// argument of a user's makes it one.
constexpr const char* worker_argument = "--taskactor-worker";
constexpr const char* worker_variable = "TASKACTOR_WORKER";

} // namespace taskactor::detail
