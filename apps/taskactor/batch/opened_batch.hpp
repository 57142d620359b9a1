/// A durable batch, found in its store or begun there: what is known of it before anything is run.
#pragma once

#include "batch/batch_digest.hpp"
#include "batch/batch_lock.hpp"
#include "batch/batch_runner.hpp"
#include "batch/batch_store.hpp"

#include <taskactor/queue/store.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace taskactor::cli {

class item_source;
class run_control;
class screen;
class used_files;
struct run_options;

struct opened_batch {
  opened_batch() = default;
  opened_batch(const opened_batch&) = delete;
  opened_batch& operator=(const opened_batch&) = delete;
  ~opened_batch();

  std::unique_ptr<item_source> source{}; ///< of those that aren't in the store yet
  batch_digest digest{};                 ///< of the items that were taken from it
  std::string name{};
  batch_facts facts{};
  std::optional<store> in{};
  std::optional<batch_lock> lock{}; ///< of a store in a file; in one on a server the runner has the batch
  std::optional<batch_store> jobs{};
  std::optional<batch_runner> runner{}; ///< gone before the lock
  known_batch known{};
  batch_counts counts{}; ///< of the items that have ended
  bool goes_on = false;  ///< it was begun by a former run
  std::size_t ready = 0, ended_before = 0;
};

/// Reads what has to be read to know the batch, and compares it with what was read before. Errors:
/// `bad_batch`, `stopped_early`, `unreadable_items`, `file_in_use`; `error`, as of the store.
std::unique_ptr<opened_batch> open_batch(const run_options& options, run_control& control, screen& messages,
                                         used_files& files);

} // namespace taskactor::cli
