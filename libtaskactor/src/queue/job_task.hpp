/// `job_task`: a job that a runner has claimed, and the task that runs it.
///
///     at hand --admitted--> waits for its token --begun--> ended: told to the store
///        |                         \--the runner is fenced, or stops--> released
///        \--cancelled, released: never was a task
///
/// Its arguments are the function's own once it begins, on its own thread; its result is JSON already, made
/// there. Its end is told by the manager, whatever it is. It tells its runner, which looks at it on its own
/// thread: `take_end` when it has heard of the end, before that what is atomic.
#pragma once

#include "queue/job_moves.hpp"
#include "queue/store_backend.hpp"

#include <taskactor/detail/body.hpp>
#include <taskactor/detail/end_listener.hpp>
#include <taskactor/handle.hpp>
#include <taskactor/named_tasks.hpp>
#include <taskactor/task_options.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor::detail {

class runner_inbox;
class store_core;
class manager_core;

/// Why a runner ends one of its tasks; the first that is said counts.
enum class job_stop : std::uint8_t { none, cancelled, released };

/// What a body has said since it was last asked. Of its output the beginning and the end are kept, as the
/// store does. Threads: any.
class job_notes {
public:
  /// True: nobody has been told yet that there is something to take.
  bool progress(std::uint64_t done, std::uint64_t total, std::string text);
  bool output(std::string_view bytes);
  /// False: there is nothing.
  bool take(claim_note& into);

private:
  bool tell() noexcept;

  std::mutex mutex_; // what follows
  claim_note open_{};
  kept_output output_;
  bool told_ = false;
};

class job_task final : public outcome_record<std::string>, private end_listener {
public:
  job_task(std::shared_ptr<runner_inbox> owner, runner_key claimed_by, claimed_job job);

  const claimed_job& job() const noexcept { return job_; }
  const runner_key& claimed_by() const noexcept { return claimed_by_; }

  // -- the runner's thread --------------------------------------------------
  /// Makes a task of it, or says why not. `where`: of its queue.
  std::optional<rejection> admit(manager_core& home, std::optional<run_where> where, std::string task_id);
  void stop(job_stop why) noexcept;
  /// Its end, once that has been told; or that of one that never was a task. Once.
  job_end take_end() { return std::move(end_.what); }
  /// False: it has nothing to say.
  bool take_note(claim_note& into);
  /// What the store has to know before it may begin; empty: nothing, or it does. Once.
  std::optional<claim_note> mark();
  bool has_begun() const noexcept { return is_.begun.load(std::memory_order_acquire); }
  /// Nobody asks for its end: its handle, which refers to itself, goes.
  void forget() noexcept {
    mark_observed();
    handle_.reset();
  }

  // -- the record -----------------------------------------------------------
  bool start(context& where) override;
  void collect() noexcept override;
  std::exception_ptr discard_body() noexcept override;
  void on_down() noexcept override;
  void report_progress(std::uint64_t done, std::uint64_t total, std::string text) override;
  std::uint64_t fencing_token() const noexcept override { return static_cast<std::uint64_t>(job_.token); }
  std::size_t attempt() const noexcept override { return job_.attempts + 1; }
  void forbid_retry() noexcept override { is_.for_good.store(true); }

private:
  friend std::shared_ptr<store_core> store_of(const job_task& job);
  static task<std::string> serve(job_task* self, std::function<task<json>()> body);
  std::function<task<json>()> bind();
  void on_end() noexcept;
  void say_how_it_ended();
  void say_failed(const failure& what, std::string text);

  const std::shared_ptr<runner_inbox> owner_;
  const runner_key claimed_by_;
  claimed_job job_;
  struct {
    const named_task* which = nullptr;
    run_where where{};
  } function_; // of a task
  taskactor::task<std::string> root_;
  std::optional<handle<std::string>> handle_; // so that its outcome is kept until it is told
  job_notes notes_;
  struct {
    job_end what{};
    std::optional<std::chrono::nanoseconds> snooze;
  } end_;
  bool marked_ = false; // the store has been told that it has begun
  struct {
    std::atomic<bool> begun{false}, handed_back{false}, for_good{false};
    std::atomic<job_stop> stopped{job_stop::none};
  } is_;
};

/// That it is of, for calls.
std::shared_ptr<store_core> store_of(const job_task& job);
/// That of a job which hasn't begun.
job_end end_unbegun(const claimed_job& job, claim_end how, std::string error = {});

} // namespace taskactor::detail
