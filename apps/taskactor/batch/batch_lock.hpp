/// That one process at a time runs a batch: a lock on one byte of a file beside the store, which the kernel
/// takes back when the process ends, however that ends. Commands don't inherit it.
#pragma once

#include "base/unique_fd.hpp"

#include <stdexcept>
#include <string>

namespace taskactor::cli {

/// The batch can't be run so: nothing was run.
struct bad_batch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class batch_lock {
public:
  /// Errors: `bad_batch`: another process has it, with its number; `std::system_error`: there is no such
  /// file to be had.
  batch_lock(const std::string& store_file, const std::string& batch);
  batch_lock(const batch_lock&) = delete;
  batch_lock& operator=(const batch_lock&) = delete;
  ~batch_lock() = default;

private:
  detail::unique_fd file_; // the only one of this process: to close another would give up the lock
};

} // namespace taskactor::cli
