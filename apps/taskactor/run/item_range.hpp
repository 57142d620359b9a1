/// The items of a run as a range of jobs, for a gather to pull: where a run waits for input, and for its
/// writer.
#pragma once

#include "run/job.hpp"

#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

namespace taskactor::cli {

class item_range {
public:
  /// `next` gives the next one; none: there is no other.
  explicit item_range(std::function<std::optional<job>()> next) : next_(std::move(next)) {}

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

private:
  void advance() { current_ = next_(); }

  std::function<std::optional<job>()> next_;
  std::optional<job> current_;
};

} // namespace taskactor::cli
