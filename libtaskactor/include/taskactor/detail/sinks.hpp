/// Where the outcomes of a gather's items go. Not for users.
///
/// | sink          | outcomes                       | who takes them                            |
/// |---------------|--------------------------------|-------------------------------------------|
/// | vector_sink   | all, in the order of the items | who waits, at the end                     |
/// | queue_sink    | each as it comes               | who asks, one after the other             |
/// | borrowed_sink | each as it comes               | a function of the caller's, one at a time |
///
/// What the manager has decided (an item's time was up) comes by `late`, on the manager's thread: nobody's
/// code runs there. Only failures do.
#pragma once

#include <taskactor/outcome.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace taskactor {
template <class R>
struct completed_item;
} // namespace taskactor

namespace taskactor::detail {

/// Keeps the outcomes in the order of the items.
template <class R>
class vector_sink {
public:
  /// For at least `known` items; with `in_place` there are no others, and each index has one writer.
  vector_sink(std::size_t known, bool in_place)
      : outcomes_(in_place ? known : 0),
        growing_(in_place ? 0 : known),
        mutex_(std::make_unique<std::mutex>()),
        in_place_(in_place) {}
  void operator()(std::size_t index, outcome<R>&& what) {
    if (in_place_) {
      outcomes_[index] = std::move(what);
      return;
    }
    const std::lock_guard lock{*mutex_};
    if (index >= growing_.size())
      growing_.resize(index + 1);
    growing_[index] = std::move(what);
  }
  void late(std::size_t index, outcome<R>&& what) { (*this)(index, std::move(what)); }
  std::vector<outcome<R>> take() {
    outcomes_.reserve(outcomes_.size() + growing_.size());
    for (auto& each : growing_)
      outcomes_.push_back(std::move(each));
    return std::move(outcomes_);
  }

private:
  std::vector<outcome<R>> outcomes_;
  std::deque<outcome<R>> growing_; // moves none when it grows
  std::unique_ptr<std::mutex> mutex_;
  bool in_place_;
};

/// A caller's function: one call at a time, and none after `detach`.
template <class R, class Sink>
class borrowed_sink {
public:
  static constexpr bool keeps_late = true; // until its caller's thread, or the next item's, comes by
  explicit borrowed_sink(Sink& sink) : sink_(&sink), shared_(std::make_unique<shared>()) {}
  void operator()(std::size_t index, outcome<R>&& what) {
    const std::lock_guard lock{shared_->calls};
    std::exception_ptr thrown;
    try {
      tell_kept();
    } catch (...) { // about another item: this one is told all the same
      thrown = std::current_exception();
    }
    if (sink_)
      (*sink_)(index, std::move(what));
    if (thrown)
      std::rethrow_exception(thrown);
  }
  void late(std::size_t index, outcome<R>&& what) {
    const std::lock_guard lock{shared_->kept_mutex};
    shared_->kept.emplace_back(index, std::move(what));
    shared_->kept_count.fetch_add(1);
  }
  bool has_late() const noexcept { return shared_->kept_count.load() != 0; }
  void tell_late() {
    const std::lock_guard lock{shared_->calls};
    tell_kept();
  }
  void detach() {
    const std::lock_guard lock{shared_->calls};
    sink_ = nullptr;
  }

private:
  struct shared {
    std::mutex calls;
    std::mutex kept_mutex;
    std::deque<std::pair<std::size_t, outcome<R>>> kept;
    std::atomic<std::size_t> kept_count{0};
  };
  void tell_kept() {
    while (has_late()) {
      std::pair<std::size_t, outcome<R>> next;
      {
        const std::lock_guard lock{shared_->kept_mutex};
        next = std::move(shared_->kept.front());
        shared_->kept.pop_front();
        shared_->kept_count.fetch_sub(1);
      }
      if (sink_)
        (*sink_)(next.first, std::move(next.second));
    }
  }

  Sink* sink_;
  std::unique_ptr<shared> shared_;
};

/// Outcomes that wait to be taken.
template <class R>
class queue_sink {
public:
  static constexpr bool tells_each = true; // somebody waits for the next one
  void operator()(std::size_t index, outcome<R>&& what) {
    const std::lock_guard lock{*mutex_};
    ready_.push_back({index, std::move(what)});
  }
  void late(std::size_t index, outcome<R>&& what) { (*this)(index, std::move(what)); }
  bool empty() const {
    const std::lock_guard lock{*mutex_};
    return ready_.empty();
  }
  completed_item<R> pop() {
    const std::lock_guard lock{*mutex_};
    auto first = std::move(ready_.front());
    ready_.pop_front();
    return first;
  }

private:
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
  std::deque<completed_item<R>> ready_;
};

} // namespace taskactor::detail
