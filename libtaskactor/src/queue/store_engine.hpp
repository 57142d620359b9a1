/// `store_engine`: what makes the requests of a store: its thread (`store_thread`), or who calls
/// (`store_in_memory`). It outlives the `store_core` whose it is until all is made.
#pragma once

#include "queue/end_waits.hpp"
#include "queue/store_request.hpp"
#include "queue/store_watchers.hpp"

#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

namespace taskactor::detail {

class store_engine {
public:
  /// `failed_looks`: for ends, in a row, until who waits is told of it. Only an engine that looks again by
  /// itself may have more than one.
  explicit store_engine(std::size_t failed_looks) : ends_(*this, failed_looks) {}
  store_engine(const store_engine&) = delete;
  store_engine& operator=(const store_engine&) = delete;
  virtual ~store_engine() = default;

  /// It is made, or refused, and told. After `close`: `errc::stopping`.
  virtual void post(std::shared_ptr<store_request> what) = 0;
  /// The store's last copy is gone: what was posted is made, nothing else.
  virtual void close() noexcept = 0;

  store_watchers& watchers() noexcept { return watchers_; }
  store_watchers& schedule_watchers() noexcept { return schedule_watchers_; }
  end_waits& ends() noexcept { return ends_; }

  /// Of what a backend has thrown.
  static rejection why_not_made(const std::exception_ptr& thrown = std::current_exception()) noexcept;

protected:
  void publish(const store_news& news);
  static store_news news_of(std::span<const std::shared_ptr<store_request>> made) noexcept;

private:
  store_watchers watchers_, schedule_watchers_;
  end_waits ends_;
};

/// Calls are made at once, by who calls, under a lock; told without it.
class store_in_memory final : public store_engine {
public:
  explicit store_in_memory(std::unique_ptr<store_backend> backend)
      : store_engine(1), backend_(std::move(backend)) {}

  void post(std::shared_ptr<store_request> what) override;
  void close() noexcept override {}

private:
  std::mutex mutex_; // of the next
  const std::unique_ptr<store_backend> backend_;
};

} // namespace taskactor::detail
