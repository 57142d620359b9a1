/// The items of a run as a range of jobs, for a gather to pull: where a run waits for input, and for its
/// writer.
#pragma once

#include "job.hpp"

#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace taskactor::cli {

class item_range {
public:
  /// `next` gives the next item; none: there is no other.
  explicit item_range(std::function<std::optional<std::string>()> next) : next_(std::move(next)) {}

  class iterator {
  public:
    using value_type = job;
    using difference_type = std::ptrdiff_t;

    explicit iterator(item_range& of) : range_(&of) { range_->advance(); }
    /// Once for each position: it gives the job away.
    job operator*() const { return std::move(*range_->current_); }
    iterator& operator++() {
      range_->advance();
      return *this;
    }
    void operator++(int) { range_->advance(); }
    bool operator==(std::default_sentinel_t) const { return !range_->current_; }

  private:
    item_range* range_;
  };

  iterator begin() { return iterator{*this}; }
  static std::default_sentinel_t end() { return std::default_sentinel; }
  /// Items that were taken so far.
  std::size_t taken() const noexcept { return taken_; }

private:
  void advance() {
    current_.reset();
    if (auto item = next_())
      current_.emplace(job{++taken_, std::move(*item)});
  }

  std::function<std::optional<std::string>()> next_;
  std::optional<job> current_;
  std::size_t taken_ = 0;
};

} // namespace taskactor::cli
