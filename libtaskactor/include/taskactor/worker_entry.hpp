/// Makes a program able to run its registered tasks in child processes, which are the program itself, started
/// again (`run_in_process`).
///
///     int main(int argc, char** argv) {
///       if (const auto code = ta::worker_entry(argc, argv)) return *code;     // before anything else
///       ...
///
/// In a worker it serves calls until its parent has no more, or is gone, and returns what `main` is to
/// return. In the program itself it only notes that `main` has it: a program without it gets
/// `errc::worker_not_started` at its first call, and never starts itself.
///
/// A worker loads what its parent has loaded by then (`load_tasks`), and what arguments of the form
/// `--load FILE` name (`manager_options::workers.program`). Where that fails it says why and returns 4: the
/// parent's error has its words.
///
/// A worker's standard input is /dev/null, its standard output and error are read by its parent. When the
/// parent dies, the worker's whole process group is killed.
#pragma once

#include <optional>

namespace taskactor {

/// Empty: this isn't a worker.
std::optional<int> worker_entry(int argc, char* argv[]);

} // namespace taskactor
