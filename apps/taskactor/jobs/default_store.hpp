/// The store that is meant when none is named, and who may have made it what it is.
#pragma once

#include <taskactor/queue/store.hpp>
#include <taskactor/queue/store_options.hpp>

#include <string>

namespace taskactor::cli {

struct chosen_store {
  std::string file;
  /// It is the user's own, in a folder that nobody else can write to: its commands may be run.
  bool is_default = false;
};

/// `given`: a file, or the address of a server, as it is; empty: taskactor/jobs.db under XDG_STATE_HOME, or
/// ~/.local/state. The folder of that one is made, if it is to be, for its owner alone. Errors:
/// `error{errc::store_unusable}`: the folder or a file of the store is a symbolic link, another user's, or
/// can be written by others.
chosen_store choose_store(const std::string& given, bool make);

/// Of another store than that one. Errors: `error{errc::store_unusable}`: others can write to it.
void check_own_store(const std::string& file);

/// A file, or a server's. Errors: as of `store` and `postgres_store`.
store open_store(const std::string& place, const store_options& options = {});

} // namespace taskactor::cli
