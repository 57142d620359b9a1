/// Task libraries: shared objects whose registrations (`TASKACTOR_REGISTER`) join the program's while it
/// runs.
///
///     taskactor::load_tasks("./libtasks.so");
///     tasks.add_task({}, "img.resize", {"a.png", 100});
///
/// The library and the program share one registry: both have to be linked with the same shared libtaskactor.
/// A library that brings a registry of its own, or was compiled with other headers, is refused, and so is one
/// that has a name which is taken: then nothing of it is registered. What was loaded stays.
///
/// Workers that the program starts from then on load the same libraries.
///
/// Threads: any.
#pragma once

#include <string>
#include <vector>

namespace taskactor {

/// `file`: its path; a name without a slash that isn't here is looked for as the dynamic loader does. Loading
/// it again does nothing. Errors: `std::system_error{errc::library_not_loaded}`: which, why, and what would
/// be right.
void load_tasks(const std::string& file);

/// As absolute paths, in the order in which they were loaded.
std::vector<std::string> loaded_task_libraries();

} // namespace taskactor
