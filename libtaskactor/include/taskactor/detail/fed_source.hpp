/// Items that the calling thread pulls, a few ahead of the slots: see `sources.hpp`. Not for users.
#pragma once

#include <taskactor/detail/gather_state.hpp>
#include <taskactor/detail/sources.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <utility>

namespace taskactor::detail {

template <class Item>
class fed_source {
public:
  using item_type = Item;

  fed_source() : shared_(std::make_unique<shared>()) {}
  std::size_t taken() const noexcept { return shared_->taken.load(); }
  bool has_items() const noexcept { return shared_->count.load() != 0; }
  std::size_t waiting() const noexcept { return shared_->count.load(); }
  /// Fetched, or not yet.
  std::size_t pushed() const {
    const std::lock_guard lock{shared_->mutex};
    return taken() + shared_->items.size();
  }
  template <class U>
  void push(U&& item) {
    const std::lock_guard lock{shared_->mutex};
    shared_->items.emplace_back(std::forward<U>(item));
    shared_->count.fetch_add(1);
  }
  bool fetch(std::optional<Item>& into, std::size_t& index) {
    const std::lock_guard lock{shared_->mutex};
    if (shared_->items.empty())
      return false;
    into.emplace(std::move(shared_->items.front()));
    shared_->items.pop_front();
    shared_->count.fetch_sub(1);
    index = shared_->taken.fetch_add(1);
    return true;
  }

private:
  struct shared {
    std::mutex mutex;
    std::deque<Item> items;
    std::atomic<std::size_t> taken{0}, count{0};
  };
  std::unique_ptr<shared> shared_;
};

/// Pulls the range on this thread, a few items ahead of the slots, until it ends or the gather does. Returns
/// how many items were pulled.
template <class Held, class Item, class Items>
std::size_t feed(gather_state& state, fed_source<Item>& source, Items& items) {
  struct end_of_feed { // also when the range throws: what was pulled is still run
    gather_state& state;
    ~end_of_feed() { state.settle_one(); }
  } at_end{state};
  std::size_t pulled = 0;
  const auto end = std::ranges::end(items);
  for (auto at = std::ranges::begin(items); !state.progress.closed() && at != end; ++at) {
    source.push(element_at<Held>(at));
    ++pulled;
    state.more();
    if (source.waiting() >= state.plan().fed_ahead())
      state.wait([&] { return source.waiting() <= state.plan().fed_again_at() || state.progress.closed(); });
    if (state.progress.closed())
      break; // not one item further
  }
  return pulled;
}

} // namespace taskactor::detail
