/// What a `store` has to know of the kinds of stores that there are.
#pragma once

#include "queue/store_backend.hpp"

#include <taskactor/queue/store_options.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

struct sqlite3;

namespace taskactor::detail {

/// Errors: as of `store`.
std::unique_ptr<store_backend> open_file_backend(const std::string& file, const store_options& options);
std::unique_ptr<store_backend> make_memory_backend(std::function<store_time()> clock);
/// See `job_queue`. Errors: `error`.
std::vector<push_reply> push_in_transaction(sqlite3* transaction, const std::string& file,
                                            const std::vector<new_job>& jobs);

} // namespace taskactor::detail
