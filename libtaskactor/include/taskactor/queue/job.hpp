/// `job<T>`: a view of one job in a store: what has become of it, and how to end it.
///
///     const ta::outcome<std::string> how = co_await pushed->job.outcome();
///     if (const auto how = pushed->job.wait(10s)) ...                  // on other threads; empty: not yet
///     ta::job<std::string> there{store, 17};                           // by its id, in any program
///
/// Copies are the same view; a job is none the worse when nobody has one. `T` is what its function gives;
/// `ta::json` takes all.
///
/// The outcome is a task's: a value; failed, with a `remote_error` that has the text of what its last attempt
/// has thrown, or with `errc::quarantined`; cancelled; timed out, with `errc::job_expired`: it hadn't begun
/// in time. It has failed as well when it can't be known: `errc::unknown_job` (never there, or not kept any
/// longer), `errc::bad_arguments` (the result is no `T`), what a call of the store has failed with.
///
/// Stops: the await at once. The job goes on: see `cancel`. A body that waits keeps its token. Who waits is
/// told by the program that ends the job, or, if that is another one, by the watch on the store's folder; and
/// looks once a second all the same. Threads: any.
#pragma once

#include <taskactor/detail/json_value.hpp>
#include <taskactor/outcome.hpp>
#include <taskactor/queue/job_info.hpp>
#include <taskactor/queue/store.hpp>
#include <taskactor/queue/store_call.hpp>
#include <taskactor/task.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace taskactor {

namespace detail {

/// Over when the job has ended. Errors: `errc::unknown_job`; as a call of the store.
store_call<job_ended> end_of(const std::shared_ptr<store_core>& core, job_id which);
store_call<job_info> info_of(const std::shared_ptr<store_core>& core, job_id which);
/// Of one that hasn't succeeded.
failure failure_of(job_id which, const expected<job_ended>& how);
/// Errors: `decode_fault`.
json parsed_result(const std::string& bytes);
std::exception_ptr wrong_result(job_id which, const decode_fault& fault);

template <class T>
outcome<T> outcome_of(job_id which, const expected<job_ended>& how) {
  if (!how || how->state != job_state::succeeded)
    return failure_of(which, how);
  outcome<T> made;
  try {
    if constexpr (std::is_void_v<T>)
      made.emplace();
    else if constexpr (std::is_same_v<T, json>)
      made.emplace(parsed_result(how->result));
    else
      made.emplace(decode<T>(parsed_result(how->result)));
  } catch (const decode_fault& fault) {
    return failure{wrong_result(which, fault)};
  } catch (...) { // by a `from_json`
    return failure{std::current_exception()};
  }
  return made;
}

template <class T>
task<outcome<T>> awaited_outcome(std::shared_ptr<store_core> core, job_id which) {
  const auto ended = end_of(core, which);
  const auto how = co_await ended;
  co_return outcome_of<T>(which, how);
}

} // namespace detail

template <class T = void>
class job {
  using outcome_type = taskactor::outcome<T>;

public:
  using value_type = T;

  job(const store& in, job_id which) : store_(in), id_(which) {}

  job_id id() const noexcept { return id_; }
  const store& in() const noexcept { return store_; }

  /// To be awaited: its end.
  [[nodiscard]] task<outcome_type> outcome() const {
    return detail::awaited_outcome<T>(detail::core_of(store_), id_);
  }
  /// Blocks for at most `limit`; empty: it hasn't ended. Errors: `error{errc::would_block}` in a coroutine
  /// body.
  std::optional<outcome_type> wait(time_span limit = no_timeout) const {
    const auto ended = detail::end_of(detail::core_of(store_), id_);
    if (!ended.wait_for(limit))
      return std::nullopt;
    return detail::outcome_of<T>(id_, ended.get());
  }

  /// As `store::cancel`, `find`.
  store_call<control_reply> cancel() const { return store_.cancel(id_); }
  store_call<job_details> details() const { return store_.find(id_); }
  /// Errors: `errc::unknown_job`.
  store_call<job_info> info() const { return detail::info_of(detail::core_of(store_), id_); }

  friend bool operator==(const job&, const job&) noexcept = default;

private:
  store store_;
  job_id id_;
};

} // namespace taskactor
