/// `store_core`: what the copies of a `store` share: all calls go through it, each a set, each told once.
///
///     a file       posts a request; the store's thread (`store_thread`) makes it, together with others
///     in memory    made at once on the caller's thread, under a lock; a manager's clock
///
/// A request is made even if nobody waits for it any more; when its time is up it is
/// told `errc::store_timed_out`, and what may come after that is dropped. Threads: any.
#pragma once

#include "queue/store_backend.hpp"
#include "queue/told.hpp"

#include <taskactor/expected.hpp>
#include <taskactor/fwd.hpp>
#include <taskactor/queue/store_call.hpp>
#include <taskactor/queue/store_options.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::detail {

class schedule_rows;
class store_core;
class store_engine;

schedule_rows schedules_of(const store_core& which);

class store_core {
public:
  /// In memory, if `file` is empty: its calls are made by who calls. Errors: `std::system_error`: there is no
  /// thread or descriptor.
  store_core(std::unique_ptr<store_backend> backend, store_options options, std::string file);
  store_core(const store_core&) = delete;
  store_core& operator=(const store_core&) = delete;
  /// See `store`.
  ~store_core();

  /// For what goes on from one call to the next on the store's thread: no copy of the store, which is closed
  /// all the same.
  std::shared_ptr<store_core> for_calls() const;

  const store_options& options() const noexcept { return options_; }
  const std::string& file() const noexcept { return file_; }
  /// Its calls are over when they are made, and its clock is a manager's.
  bool virtual_time() const noexcept { return file_.empty(); }

  void push(std::vector<new_job> jobs, told<std::vector<push_reply>> tell);
  void claim(claim_request what, told<claim_reply> tell);
  void finish(runner_key runner, std::vector<job_end> ends, told<std::vector<end_reply>> tell);
  /// Before all other calls that wait.
  void renew(runner_beat beat, told<beat_reply> tell);
  void promote(std::size_t most, told<promote_reply> tell);
  void rescue(std::vector<lost_runner> lost, told<rescue_reply> tell);
  void prune(std::size_t most, told<std::size_t> tell);
  void control(std::vector<control_action> actions, told<std::vector<control_reply>> tell);
  void list(job_query which, told<std::vector<job_info>> tell);
  void find(std::vector<job_id> which, told<std::vector<job_details>> tell);
  void survey(told<store_survey> tell);
  void runners(told<std::vector<runner_row>> tell);
  void backup(std::string file, told<std::string> tell);
  void restored(told<std::size_t> tell);
  void check(told<std::vector<std::string>> tell);

  /// `changed` is called, as one that is told, when jobs may have become ready, have ended, or were asked to
  /// end: by this process at once, by others at most every 5 ms. A hint. Never after what this returns is
  /// gone: that waits for a call that goes on on another thread.
  std::shared_ptr<void> watch(std::function<void()> changed);
  /// Told when the job has ended, once, unless what this returns is gone before. Errors: `errc::unknown_job`.
  std::shared_ptr<void> wait_for_end(job_id which, told<job_ended> tell);

private:
  /// Its schedules, as rows.
  friend schedule_rows schedules_of(const store_core& which);

  store_core(store_options options, std::string file, std::shared_ptr<store_engine> engine);

  const bool closes_ = true;
  const store_options options_;
  const std::string file_;
  const std::shared_ptr<store_engine> engine_;
};

/// A call of the store whose user is told by an await. `begin` is given what it is to be told by.
template <class T, class Begin>
store_call<T> call_of(Begin&& begin) {
  auto call = std::make_shared<call_state<T>>();
  begin([call](expected<T> value) { call->set(std::move(value)); });
  return store_call<T>{std::move(call)};
}

/// Bytes of arguments or a result that are too large for it. Empty: they are not.
std::optional<rejection> too_large(const store_core& store, const std::string& what, std::size_t bytes);

} // namespace taskactor::detail
