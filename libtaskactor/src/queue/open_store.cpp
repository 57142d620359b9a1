#include "queue/open_store.hpp"

#include "base/signal_blocked.hpp"
#include "queue/memory_backend.hpp"
#include "queue/sqlite_backend.hpp"
#include "queue/sqlite_push.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include <sqlite3.h>

namespace taskactor::detail {

namespace {

constexpr std::chrono::milliseconds longest_busy_wait{10'000};

/// Less than a call may take, so that it can say who is to blame.
std::chrono::milliseconds busy_wait_of(std::chrono::nanoseconds call_timeout) {
  return std::min(longest_busy_wait,
                  std::chrono::duration_cast<std::chrono::milliseconds>(call_timeout / 4 * 3));
}

} // namespace

std::unique_ptr<store_backend> open_file_backend(const std::string& file, const store_options& options) {
  const signal_blocked too_long{SIGXFSZ}; // `ulimit -f` is an error as others; the store's thread blocks all
  sqlite_options how;
  how.path = file;
  how.create = options.create;
  how.is_durable = options.sync == store_sync::full;
  how.busy_limit = busy_wait_of(options.call_timeout);
  return std::make_unique<sqlite_backend>(std::move(how));
}

std::unique_ptr<store_backend> make_memory_backend(std::function<store_time()> clock) {
  return std::make_unique<memory_backend>(std::move(clock));
}

std::vector<push_reply> push_in_transaction(sqlite3* transaction, const std::string& file,
                                            const std::vector<new_job>& jobs) {
  const auto* const name = ::sqlite3_db_filename(transaction, "main");
  std::error_code unknown;
  if (name == nullptr || !std::filesystem::equivalent(name, file, unknown))
    throw error{errc::invalid_argument, "push: the main database of the connection is "
                                            + std::string{name && *name ? name : "no file"}
                                            + ", but the store's file is " + file};
  return sqlite_push(transaction, jobs, std::chrono::floor<store_duration>(std::chrono::system_clock::now()));
}

} // namespace taskactor::detail
