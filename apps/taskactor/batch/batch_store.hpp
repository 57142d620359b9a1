/// A durable batch as its store has it: the jobs of one queue, "run/NAME". One of them, the head, says what
/// the batch is and how many items have been written; the others are its items. Head and items are written
/// in one transaction, so that the head's count is always true: it needn't be known of an item whether it
/// was pushed before.
///
/// Blocks. Errors of all: `error`, as of the store. Threads: one.
#pragma once

#include <taskactor/queue/store.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace taskactor::detail {
struct new_job;
struct push_reply;
struct runner_key;
} // namespace taskactor::detail

namespace taskactor::cli {

/// What a batch is.
struct batch_facts {
  std::vector<std::string> command{};
  bool shell = false;
  std::string whole{};  ///< what stands for the item
  std::string folder{}; ///< where the commands run

  std::size_t items = 0; ///< written so far
  std::string digest{};  ///< of these
  bool complete = false; ///< there are no others

  bool same_command(const batch_facts& other) const {
    return command == other.command && shell == other.shell && whole == other.whole && folder == other.folder;
  }
};

/// How its items have ended.
struct batch_counts {
  std::size_t items = 0, failed = 0, timed_out = 0, cancelled = 0;
  std::size_t completed() const noexcept { return items - failed - timed_out - cancelled; }
};

struct known_batch {
  job_id head = 0;
  bool is_new = false;
  batch_facts facts{};
  std::optional<store_time> ended{};
  bool was_cancelled = false;
};

/// The task of items, for runners and for people.
inline constexpr const char* batch_item_task = "taskactor run";
inline constexpr const char* batch_head_task = "taskactor run: batch";

class batch_store {
public:
  /// `is_shared`: by many machines. Then a run that was taken for dead, and isn't, may still write items for
  /// a moment: each is unique by its number, so that this does no harm.
  batch_store(const store& in, const std::string& name, bool is_shared);

  const std::string& queue() const noexcept { return queue_; }
  /// The batch of this name; if there is none, one is begun with `facts`.
  known_batch open(const batch_facts& facts);
  /// All of it goes. Nothing of it may run.
  void forget(job_id head);
  /// An ended batch isn't over.
  void reopen(job_id head);
  /// The next items, with what is known of all by now. At most `items_at_once`.
  void add(const batch_facts& now, const std::vector<std::string>& more);
  /// Its items that haven't ended.
  struct open_items {
    std::size_t ready = 0, delayed = 0, running = 0;
    bool paused = false;
    std::size_t all() const noexcept { return ready + delayed + running; }
  };
  /// `head_is_open`: the head itself hasn't ended.
  open_items look(bool head_is_open) const;
  /// Of those that have ended, of so many. Those that nobody needs to know any more, 30 days after their
  /// ends, count as completed.
  batch_counts ends_of(std::size_t ended) const;
  /// Ends the batch: all its items have ended. False: its queue is paused, or somebody has ended it.
  bool end(const detail::runner_key& runner, const batch_counts& how);
  /// Distinguishes its items from those of a batch of the same name that was forgotten.
  const std::string& version() const noexcept { return key_; }

  static constexpr std::size_t items_at_once = 250;

private:
  detail::new_job head_job(const batch_facts& facts) const;
  std::vector<detail::push_reply> push(std::vector<detail::new_job> jobs) const;

  store store_;
  std::string name_;
  bool is_shared_;
  std::string queue_;
  std::string key_; // of the head
};

/// What an item's job says.
struct batch_item {
  std::size_t number = 0;
  std::string item{};
};
/// Errors: `error{errc::store_failed}`: it isn't an item's.
batch_item item_of(const std::string& arguments);

} // namespace taskactor::cli
