/// `job_scheduler_host`: fires the schedules of a store: reads those that are due, page by page, decides what
/// each is to do (`schedule_look`), and writes it.
///
///     turn --due?--> store --page--> turn: look_at each --writes--> store --written--> turn ...
///
/// One call of the store is under way at a time; its answers come on other threads, and wait for the actor's
/// next turn. What another one has written in between is left to it. A row that can't be read is passed over,
/// said once, and left as it is: a later release may read it.
///
/// Threads: any; turns are its actor's.
#pragma once

#include "job_scheduler/job_scheduler_inbox.hpp"
#include "job_scheduler/schedule_look.hpp"
#include "lifecycle/attached_members.hpp"
#include "queue/schedule_rows.hpp"
#include "queue/store_core.hpp"
#include "queue/stored_schedule.hpp"
#include "scheduler/turn_host.hpp"

#include <taskactor/expected.hpp>
#include <taskactor/queue/job_scheduler.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::detail {

class manager_core;

class job_scheduler_host final : public attached_member,
                                 public turn_host,
                                 public std::enable_shared_from_this<job_scheduler_host> {
public:
  /// Errors: as `job_scheduler`'s.
  static std::shared_ptr<job_scheduler_host> start(task_manager& tasks, std::shared_ptr<store_core> of,
                                                   const job_scheduler_options& options);
  job_scheduler_host(manager_core& home, std::shared_ptr<store_core> of, std::chrono::nanoseconds poll);

  job_scheduler_statistics statistics();
  /// Nothing begins any more; may be called again. Who closes it for the manager waits for a turn under way,
  /// and so the manager is there for that.
  void close() noexcept;
  void stop() noexcept override { close(); }

  // -- its actor ------------------------------------------------------------
  next_turn turn() override;
  void end_turns(const char*) noexcept override { close(); }

private:
  struct planned {
    std::string name;
    schedule_step step;
  };

  void make_turn(next_turn& next, const std::vector<job_scheduler_inbox::answer>& answers);
  /// A call of the store: `then` is called with what it has come to, in a turn.
  template <class T, class Call>
  void ask(void (job_scheduler_host::*then)(const expected<T>&), const Call& call);
  void look();
  void on_page(const expected<schedule_page>& found);
  void on_written(const expected<std::vector<schedule_written>>& written);
  /// The next page; if there is none, no more until something is due.
  void go_on();
  void on_failure(const rejection& why);
  void on_success();
  std::optional<schedule_write> plan(const stored_schedule& which, store_time now);
  void pass_over(const schedule_row& which, const std::string& why);
  void count(const std::function<void(job_scheduler_statistics&)>& change);

  manager_core& home_; // not once it is closed
  const std::shared_ptr<store_core> store_;
  const std::chrono::nanoseconds poll_;
  job_scheduler_inbox inbox_;
  std::mutex counting_; // of the next
  job_scheduler_statistics counts_{};

  std::mutex turns_; // one at a time, and none while it is closed: what follows
  struct {
    bool asking = false;                                        // a call of the store is under way
    std::optional<std::pair<store_time, std::string>> behind{}; // the last of the page before
    bool is_full = false;                                       // the page: there are more
    bool wrote = false;                                         // since the first page
    std::chrono::nanoseconds until_next{};                      // from the page's time on
    std::vector<planned> plans{};                               // of the writes
    std::map<std::string, std::int64_t> unreadable{};           // since the first page
  } walk_;
  struct {
    time_point again{};
    std::chrono::milliseconds pause{}; // after failures
    std::optional<time_point> said{};  // that there are some
  } rest_;
  std::map<std::string, std::int64_t> unreadable_; // of the last walk, by name: the stamp
  std::shared_ptr<void> watch_;
};

} // namespace taskactor::detail
