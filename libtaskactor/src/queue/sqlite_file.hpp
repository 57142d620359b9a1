/// The file of a store, before SQLite opens it.
///
/// It is never opened here: to close any descriptor of a file drops all locks that this process has on it
/// (POSIX), those of SQLite's connections included.
///
/// Errors: `error{errc::store_unusable}`, with what to do.
#pragma once

#include <string>

namespace taskactor::detail {

/// Where the file is, without symbolic links; made if it isn't there: empty, mode 0600 whatever the umask.
/// Refused are what is no regular file, what can't be read and written, a folder that anybody may replace
/// files in, and a file system whose locks don't hold between machines.
std::string prepare_store_file(const std::string& path, bool create);

/// In words, why a store can't be on a file system with this `f_type` (statfs(2)); null: it can.
const char* refused_file_system(long type) noexcept;

} // namespace taskactor::detail
