/// The items of a run that are to be done: numbered, without those that a former run has completed.
#pragma once

#include "run/completed_items.hpp"
#include "run/items.hpp"
#include "run/job.hpp"

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace taskactor::cli {

class pending_items {
public:
  pending_items(item_source& from, completed_items before) : from_(from), before_(std::move(before)) {}

  /// As `item_source::next`.
  std::optional<job> next() {
    while (auto item = from_.next()) {
      ++number_;
      if (!before_.take(*item))
        return job{.number = number_, .turn = ++turn_, .item = std::move(*item)};
      ++skipped_;
    }
    return {};
  }
  /// Those that were completed before, so far. May be called from any thread, as all that follows.
  std::size_t skipped() const noexcept { return skipped_.load(); }
  /// How many are to be done in all, once that is known: those that will still be skipped are counted in.
  std::optional<std::size_t> total() const noexcept {
    const auto all = from_.total();
    return all ? std::optional{*all - skipped()} : std::nullopt;
  }

private:
  item_source& from_;
  completed_items before_;
  std::size_t number_ = 0;
  std::size_t turn_ = 0;
  std::atomic<std::size_t> skipped_{0};
};

} // namespace taskactor::cli
