/// `host_gates`: how many requests may be on their way to one host, and how often one may begin.
#pragma once

#include "capacity/token_bucket.hpp"

#include <taskactor/limits.hpp>
#include <taskactor/sync/mutex.hpp>
#include <taskactor/sync/semaphore.hpp>
#include <taskactor/task.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace taskactor::detail {

/// Of one host.
struct host_gate {
  host_gate(std::size_t most, const std::optional<rate>& often) : places(most), bucket(often) {}

  taskactor::semaphore places; // `detail` has one, too
  taskactor::mutex
      turn; // of what follows: who is next sleeps with it, the others wait behind it in their order
  token_bucket bucket; // by the clock of whose turn it is
};

/// Threads: any.
class host_gates {
public:
  host_gates(std::size_t most, std::optional<rate> often) : most_(most), often_(often) {}

  /// Errors: `std::bad_alloc`.
  std::shared_ptr<host_gate> of(const std::string& origin);
  std::size_t count();

  /// To be awaited once a place is there: until a request may begin. Nothing has been taken if it throws.
  task<void> begin(std::shared_ptr<host_gate> at) const;
  bool has_rate() const noexcept { return often_.has_value(); }

private:
  void drop_unused();

  const std::size_t most_;
  const std::optional<rate> often_;
  std::mutex mutex_; // what follows
  std::unordered_map<std::string, std::shared_ptr<host_gate>> gates_;
  std::size_t looked_at_ = 64; // how many there are when it is looked for unused ones
};

} // namespace taskactor::detail
