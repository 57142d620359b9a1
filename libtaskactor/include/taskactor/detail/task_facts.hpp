/// `detail::task_facts`: what any code of a task may ask about it (`task_core`), as far as constants and
/// atomic fields say it. Not for users.
///
/// Threads: any.
#pragma once

#include <taskactor/detail/body_actions.hpp>
#include <taskactor/detail/task_constants.hpp>
#include <taskactor/detail/task_control.hpp>
#include <taskactor/detail/task_entries.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace taskactor::detail {

class task_facts : public body_actions,
                   public task_constants,
                   public task_control,
                   public disposal_entry,
                   public task_times {
public:
  std::string current_id() const override { return id; }
  time_point deadline() const noexcept override {
    return time_point{clock::duration{deadline_at.load(std::memory_order_relaxed)}};
  }
  bool cancel_requested() const noexcept override {
    return (control.load(std::memory_order_acquire) & (cancel_bit | kill_bit)) != 0;
  }
  std::size_t attempt() const noexcept override;
  std::uint64_t fencing_token() const noexcept override;
  void forbid_retry() noexcept override;
  time_point now() const noexcept override;

protected:
  task_facts() = default;
  ~task_facts() = default;
};

} // namespace taskactor::detail
