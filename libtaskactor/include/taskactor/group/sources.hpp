/// Where a gather's items come from. Not for users.
///
/// | source         | range                       | who reads it                                    |
/// |----------------|-----------------------------|-------------------------------------------------|
/// | indexed_source | random access, known size   | each lane, by the next index, without a lock    |
/// | pulled_source  | any other                   | each lane in turn, under a lock                 |
/// | fed_source     | any, also one that blocks   | the calling thread, a few items ahead           |
///
/// `fetch` copies the item out, so that no body depends on the range, which may end before it does (rule 8).
#pragma once

#include <taskactor/group/gather_state.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

/// Holds an rvalue range, refers to an lvalue one.
template <class Items>
using held_range = std::conditional_t<std::is_lvalue_reference_v<Items>, std::remove_reference_t<Items>*,
                                      std::remove_reference_t<Items>>;

template <class Held>
decltype(auto) range_of(Held& held) noexcept {
  if constexpr (std::is_pointer_v<Held>)
    return (*held);
  else
    return (held);
}

template <class Items>
class indexed_source {
public:
  using item_type = std::ranges::range_value_t<Items>;

  explicit indexed_source(held_range<Items> items)
      : items_(std::move(items)), size_(std::ranges::size(range_of(items_))) {}
  // NOLINTNEXTLINE(performance-noexcept-move-constructor): the range's own move may throw
  indexed_source(indexed_source&& other) : items_(std::move(other.items_)), size_(other.size_) {}

  std::size_t size() const noexcept { return size_; }
  bool has_items() const noexcept { return next_.load() < size_; }
  bool fetch(std::optional<item_type>& into, std::size_t& index) {
    if (next_.load(std::memory_order_relaxed) >= size_)
      return false;
    index = next_.fetch_add(1);
    if (index >= size_)
      return false;
    into.emplace(
        std::ranges::begin(range_of(items_))[static_cast<std::ranges::range_difference_t<Items>>(index)]);
    return true;
  }

private:
  held_range<Items> items_;
  std::size_t size_;
  alignas(64) std::atomic<std::size_t> next_{0}; // in a cache line of its own: the others are only read
};

template <class Items>
class pulled_source {
public:
  using item_type = std::ranges::range_value_t<Items>;

  explicit pulled_source(held_range<Items> items) : shared_(std::make_unique<shared>(std::move(items))) {}

  std::size_t size() const noexcept { return 0; }
  bool has_items() const noexcept { return !shared_->ended.load(); }
  bool fetch(std::optional<item_type>& into, std::size_t& index) {
    const std::lock_guard lock{shared_->mutex};
    if (shared_->ended.load())
      return false;
    try {
      if (!shared_->position)
        shared_->position.emplace(std::ranges::begin(range_of(shared_->items)));
      else
        ++*shared_->position;
      if (*shared_->position == std::ranges::end(range_of(shared_->items)))
        return shared_->ended = true, false;
      into.emplace(**shared_->position);
    } catch (...) { // the range threw: there is no way to go on with it
      shared_->ended = true;
      throw;
    }
    index = shared_->index++;
    return true;
  }

private:
  struct shared {
    explicit shared(held_range<Items> from) : items(std::move(from)) {}
    held_range<Items> items;
    std::mutex mutex;
    std::optional<std::ranges::iterator_t<std::remove_reference_t<Items>>> position;
    std::size_t index = 0;
    std::atomic<bool> ended{false};
  };
  std::unique_ptr<shared> shared_;
};

template <class Item>
class fed_source {
public:
  using item_type = Item;

  fed_source() : shared_(std::make_unique<shared>()) {}
  bool has_items() const noexcept { return shared_->count.load() != 0; }
  std::size_t waiting() const noexcept { return shared_->count.load(); }
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
    index = shared_->index++;
    return true;
  }

private:
  struct shared {
    std::mutex mutex;
    std::deque<Item> items;
    std::size_t index = 0;
    std::atomic<std::size_t> count{0};
  };
  std::unique_ptr<shared> shared_;
};

template <class Items>
auto make_source(Items&& items) {
  auto hold = [&]() -> held_range<Items> {
    if constexpr (std::is_lvalue_reference_v<Items>)
      return &items;
    else
      return std::forward<Items>(items);
  };
  if constexpr (std::ranges::random_access_range<Items> && std::ranges::sized_range<Items>)
    return indexed_source<Items>{hold()};
  else
    return pulled_source<Items>{hold()};
}

/// Pulls the range on this thread, a few items ahead of the lanes, until it ends or the gather does. Returns
/// how many items were pulled.
template <class Item, class Items>
std::size_t feed(gather_state& state, fed_source<Item>& source, Items&& items) {
  struct end_of_feed { // also when the range throws: what was pulled is still run
    gather_state& state;
    ~end_of_feed() { state.feed_ended(); }
  } at_end{state};
  std::size_t pulled = 0;
  for (auto&& item : items) {
    source.push(std::forward<decltype(item)>(item));
    ++pulled;
    state.more();
    if (source.waiting() >= state.fed_ahead())
      state.wait([&] { return source.waiting() <= state.fed_again_at(); });
    if (state.closed())
      break;
  }
  return pulled;
}

} // namespace taskactor::detail
