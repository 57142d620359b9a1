/// Where a gather's items come from. Not for users.
///
/// | source         | range                             | who reads it                               |
/// |----------------|-----------------------------------|--------------------------------------------|
/// | indexed_source | memory, or numbers, of known size | each slot, by the next index, with no lock |
/// | indexed_source | other random access, known size   | one slot at a time, by the next index      |
/// | pulled_source  | any other                         | one slot at a time                         |
/// | fed_source     | any, also one that blocks         | the calling thread, a few items ahead      |
/// | `source_of`    | what others put items into        | each slot, when it is about to begin one   |
///
/// `fetch` takes the item out, so that no body depends on the range, which may end before it does (rule 8):
/// moved out of a container that is the gather's own, copied out of any other range. A range's own code (a
/// function of a view, an iterator of the user's) never runs on two threads at once, nor under a lock that
/// the manager takes.
#pragma once

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
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

/// A container given as an rvalue: its elements are nobody else's. Not a view, nor what is like one: a const
/// container has const elements.
template <class Items>
inline constexpr bool owns_elements = false;
template <class Items>
  requires(!std::is_lvalue_reference_v<Items> && !std::ranges::view<Items>
           && std::ranges::input_range<const Items>
           && std::is_lvalue_reference_v<std::ranges::range_reference_t<const Items>>)
inline constexpr bool owns_elements<Items>
    = std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<const Items>>>
      && !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<Items>>>;

/// The element to make an item of.
template <class Items, class Iterator>
decltype(auto) element_at(const Iterator& at) {
  using item = std::ranges::range_value_t<Items>;
  if constexpr (owns_elements<std::remove_const_t<Items>>) {
    return std::ranges::iter_move(at);
  } else {
    static_assert(std::constructible_from<item, decltype(*at)>,
                  "these items can only be moved: give the container itself, by std::move(items)");
    return *at;
  }
}

/// Numbers are made from the index alone.
template <class Items>
inline constexpr bool is_numbers = false;
template <std::integral From, std::integral To>
inline constexpr bool is_numbers<std::ranges::iota_view<From, To>> = true;

template <class Range>
char* memory_of();
template <std::ranges::contiguous_range Range>
auto memory_of() -> decltype(std::ranges::data(std::declval<Range&>()));

template <class Items>
class indexed_source {
  using range = std::remove_reference_t<Items>;
  /// Reading one element runs no code of the range's.
  static constexpr bool memory = std::ranges::contiguous_range<range>;
  static constexpr bool parallel = memory || is_numbers<std::remove_cv_t<range>>;

public:
  using item_type = std::ranges::range_value_t<Items>;
  static constexpr bool in_place = true; // each index is fetched by one slot, and is below `size`

  explicit indexed_source(held_range<Items> items)
      : items_(std::move(items)), size_(static_cast<std::size_t>(std::ranges::size(range_of(items_)))) {}
  indexed_source(indexed_source&& from) // NOLINT(performance-noexcept-move-constructor): a range's may throw
      : items_(std::move(from.items_)), size_(from.size_) {}

  std::size_t size() const noexcept { return size_; }
  std::size_t taken() const noexcept { return std::min(next_.load(), size_); }
  bool has_items() const noexcept { return next_.load() < size_; }
  bool fetch(std::optional<item_type>& into, std::size_t& index) {
    if constexpr (parallel)
      return fetch_next(into, index);
    const std::lock_guard lock{mutex_};
    return fetch_next(into, index);
  }

private:
  bool fetch_next(std::optional<item_type>& into, std::size_t& index) {
    if (next_.load(std::memory_order_relaxed) >= size_)
      return false;
    index = next_.fetch_add(1);
    if (index >= size_)
      return false;
    const auto at = static_cast<std::ranges::range_difference_t<Items>>(index);
    if constexpr (memory)
      into.emplace(element_at<Items>(elements() + at));
    else
      into.emplace(element_at<Items>(std::ranges::begin(range_of(items_)) + at));
    return true;
  }
  /// Asked for once: a container may detach what it shares then.
  auto elements() {
    auto* found = elements_.load(std::memory_order_acquire);
    if (!found) {
      const std::lock_guard lock{mutex_};
      found = std::ranges::data(range_of(items_));
      elements_.store(found, std::memory_order_release);
    }
    return found;
  }

  held_range<Items> items_;
  std::size_t size_;
  std::mutex mutex_;
  std::atomic<decltype(memory_of<range>())> elements_{nullptr};
  alignas(64) std::atomic<std::size_t> next_{0}; // in a cache line of its own: the others are only read
};

template <class Items>
class pulled_source {
public:
  using item_type = std::ranges::range_value_t<Items>;
  static constexpr bool in_place = false;

  explicit pulled_source(held_range<Items> items) : shared_(std::make_unique<shared>(std::move(items))) {}

  /// Zero: not known.
  std::size_t size() const noexcept { return shared_->known; }
  std::size_t taken() const noexcept { return shared_->taken.load(); }
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
      into.emplace(element_at<Items>(*shared_->position));
    } catch (...) { // the range threw: there is no way to go on with it
      shared_->ended = true;
      throw;
    }
    index = shared_->taken.fetch_add(1);
    return true;
  }

private:
  struct shared {
    explicit shared(held_range<Items> from) : items(std::move(from)) {
      if constexpr (std::ranges::sized_range<std::remove_reference_t<Items>>) {
        known = static_cast<std::size_t>(std::ranges::size(range_of(items)));
        ended = known == 0;
      }
    }
    held_range<Items> items;
    std::size_t known = 0; // asked for before the first is read
    std::mutex mutex;
    std::optional<std::ranges::iterator_t<std::remove_reference_t<Items>>> position;
    std::atomic<std::size_t> taken{0};
    std::atomic<bool> ended{false};
  };
  std::unique_ptr<shared> shared_;
};

/// Items that others send, as a channel's: `source_of` makes the source, which a gather watches.
template <class Items>
concept sent_items = requires(const std::remove_cvref_t<Items>& items) { source_of(items); };

/// What a slot has of an item until its body begins.
template <class Source>
struct held_item {
  using type = typename Source::item_type;
  static type&& begin(type& item) noexcept { return std::move(item); }
};
template <class Source>
  requires requires { typename Source::held_type; }
struct held_item<Source> {
  using type = typename Source::held_type;
  static auto&& begin(type& item) noexcept { return Source::begin(item); }
};

template <sent_items Items>
auto make_source(Items&& items) {
  return source_of(std::as_const(items));
}
template <class Items>
  requires(!sent_items<Items>)
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

} // namespace taskactor::detail
