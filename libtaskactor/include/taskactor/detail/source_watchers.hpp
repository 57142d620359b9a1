/// Who watches a source, and how all of them are told. Not for users: see `source_watcher.hpp`.
///
/// Nobody is told under the source's lock. So who tells takes it for one watcher after the other: those who
/// leave meanwhile aren't told.
#pragma once

#include <taskactor/detail/source_watcher.hpp>
#include <taskactor/detail/sync_lock.hpp>

#include <cstdint>
#include <exception>

namespace taskactor::detail {

/// Guarded by the source's lock.
class source_watchers {
public:
  explicit source_watchers(sync_lock& of) noexcept : lock_(of) {}
  source_watchers(const source_watchers&) = delete;
  source_watchers& operator=(const source_watchers&) = delete;

  bool empty() const noexcept { return first_ == nullptr; }
  void add(source_watcher& one) noexcept;
  /// False: it doesn't watch, or has been told of the end.
  bool remove(source_watcher& one) noexcept;

private:
  friend class source_news;

  sync_lock& lock_;
  source_watcher* first_ = nullptr;
  source_watcher* last_ = nullptr;
  std::uint64_t round_ = 0; // each thing that comes is told of in one
};

/// Made before the lock is taken; tells when it goes, behind that. The source outlives it.
class source_news {
public:
  source_news() = default;
  source_news(const source_news&) = delete;
  source_news& operator=(const source_news&) = delete;
  ~source_news() {
    if (next_)
      tell();
  }

  /// Under the lock, one of the two, once: what is to be told.
  void items_came(source_watchers& who) noexcept {
    if (!who.empty())
      begin(who, nullptr);
  }
  /// `error` stays as it is.
  void ended(source_watchers& who, const std::exception_ptr& error) noexcept {
    if (!who.empty())
      begin(who, &error);
  }

private:
  void begin(source_watchers& who, const std::exception_ptr* error) noexcept;
  void find_next() noexcept;
  void tell() noexcept;

  source_watchers* who_ = nullptr;
  const std::exception_ptr* error_ = nullptr; // null: items came
  std::uint64_t round_ = 0;
  source_watcher* next_ = nullptr;
  bool held_ = false;    // what `next_->hold()` has returned
  bool is_last_ = false; // nobody is to be told behind it
};

} // namespace taskactor::detail
