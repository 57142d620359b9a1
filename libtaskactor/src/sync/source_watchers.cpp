#include <taskactor/detail/source_watchers.hpp>

#include <mutex>

namespace taskactor::detail {

void source_watchers::add(source_watcher& one) noexcept {
  one.before_ = last_;
  one.behind_ = nullptr;
  one.told_ = round_;
  one.watches_ = true;
  (last_ ? last_->behind_ : first_) = &one;
  last_ = &one;
}

bool source_watchers::remove(source_watcher& one) noexcept {
  if (!one.watches_)
    return false;
  (one.before_ ? one.before_->behind_ : first_) = one.behind_;
  (one.behind_ ? one.behind_->before_ : last_) = one.before_;
  one.watches_ = false;
  return true;
}

void source_news::begin(source_watchers& who, const std::exception_ptr* error) noexcept {
  who_ = &who;
  error_ = error;
  round_ = ++who.round_;
  find_next();
}

/// Under the lock. One that a later round is telling has been told of this one, too.
void source_news::find_next() noexcept {
  next_ = who_->first_;
  while (next_ && !error_ && next_->told_ >= round_)
    next_ = next_->behind_;
  if (!next_)
    return;
  held_ = next_->hold();
  next_->told_ = round_;
  is_last_ = next_->behind_ == nullptr;
  if (error_)
    who_->remove(*next_);
}

void source_news::tell() noexcept {
  while (next_) {
    auto* const one = next_;
    const bool held = held_;
    error_ ? one->source_ended(*error_) : one->items_came();
    if (is_last_) {
      next_ = nullptr;
    } else {
      const std::lock_guard guard{who_->lock_};
      find_next();
    }
    one->let_go(held);
  }
}

} // namespace taskactor::detail
