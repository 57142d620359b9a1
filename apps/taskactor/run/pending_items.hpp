/// The items of a run that are to be done: numbered, without those that a former run has completed.
#pragma once

#include "run/completed_items.hpp"
#include "run/items.hpp"
#include "run/job.hpp"
#include "run/job_feed.hpp"

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace taskactor::cli {

class pending_items final : public job_feed {
public:
  pending_items(item_source& from, completed_items before) : from_(from), before_(std::move(before)) {}

  std::optional<job> next() override {
    while (auto item = from_.next()) {
      ++number_;
      if (!before_.take(*item))
        return job{.number = number_, .turn = ++turn_, .item = std::move(*item)};
      ++skipped_;
    }
    return {};
  }
  std::size_t skipped() const noexcept override { return skipped_.load(); }
  std::optional<std::size_t> total() const noexcept override {
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
