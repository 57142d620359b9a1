/// The gathers that run, by id: for `find` and `cancel_task` of an item, and for `cancel_all`. Threads: any.
#pragma once

#include <taskactor/detail/item_batch.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace taskactor::detail {

class batch_registry {
public:
  void add(item_batch& batch);
  /// It has ended.
  void remove(const item_batch& batch) noexcept;
  /// None of them starts a further item; those behind a shield only if asked for.
  void close_all(end_reason why, bool also_shielded);
  /// What runs the item of that id ("crawl/17") now, or null.
  ref<record> find(std::string_view id) const;
  /// The same reply as for a task; `finished` while its gather runs.
  cancel_reply cancel(std::string_view id);
  /// "gather-1": of one that was given no id.
  std::string next_id() { return "gather-" + std::to_string(++numbered_); }
  /// True for the first: nobody needs to be told twice that a gather asks for more than there is.
  bool is_first_beyond() noexcept { return !beyond_.load() && !beyond_.exchange(true); }

private:
  struct place {
    ref<item_batch> batch;
    std::size_t index = 0;
  };
  place split(std::string_view id) const;

  std::atomic<bool> beyond_{false};
  std::atomic<std::uint64_t> numbered_{0};
  mutable std::mutex mutex_; // what follows
  std::unordered_multimap<std::string, ref<item_batch>> batches_;
};

} // namespace taskactor::detail
