/// `job_flow`: jobs of one store that are pushed together, each of which may run after others: all of them
/// are written, or none.
///
///     ta::job_flow nightly{store};
///     const auto dump = nightly.add(work, {.timeout = 10min}, dump_database, "app");
///     const auto parts = nightly.add_all(work, {}, upload_part, part_names);      // a group
///     const auto report = nightly.add(mail, {}, send_report, "ann@example.org");
///     for (const auto& part : parts)
///       nightly.chain({dump, part});                    // each part after the dump
///     nightly.after(report, parts, ta::on_failure::run); // when all parts are over, however they end
///     const auto made = co_await nightly.push();        // expected<pushed_flow>
///     const auto how = co_await made->job(report).outcome();
///
/// A step runs after steps that were added before it, so that no circle can be written; of other jobs it may
/// name those that are in the store already (`push_options::after`). A step without parents is ready at once,
/// and so is one after an empty group. The body of a job asks for its parents, and what they gave, by
/// `this_job::parents`.
///
/// A step whose unique key is taken stands for the job that has it, which runs when it would without the
/// flow.
///
/// Errors come by `push`, the first that was made: those of `job_queue::push`, with the step's number from
/// one; `errc::invalid_argument`: a queue of another store, a step of another flow, one that would run after
/// itself or a later one. Pushed again, after an error, a flow is pushed once for all that (within a day).
///
/// Threads: one at a time.
#pragma once

#include <taskactor/expected.hpp>
#include <taskactor/queue/job.hpp>
#include <taskactor/queue/job_queue.hpp>
#include <taskactor/queue/store.hpp>
#include <taskactor/queue/store_call.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <ranges>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace taskactor {

namespace detail {

class flow_form;

struct flow_place {
  std::uint64_t flow = 0;
  std::size_t number = 0; // from zero
};

/// Of another flow, or none. Errors: `error{errc::invalid_argument}`.
std::size_t place_in(const flow_place& step, std::uint64_t flow, std::size_t steps);

} // namespace detail

/// A step of a flow; `T` is what its function gives. Copies are the same.
template <class T = void>
class flow_step : public detail::flow_place {};

/// The jobs of a flow that was pushed.
class pushed_flow {
public:
  /// Errors: `error{errc::invalid_argument}`: the step is of another flow.
  template <class T>
  taskactor::job<T> job(const flow_step<T>& step) const {
    return {store_, ids_[at(step)].id};
  }
  template <class T>
  push_result result(const flow_step<T>& step) const {
    return ids_[at(step)].how;
  }
  /// In the order of the steps.
  std::vector<taskactor::job<json>> jobs() const;
  std::size_t size() const noexcept { return ids_.size(); }

  /// For the library.
  pushed_flow(store in, std::uint64_t flow, detail::pushed_ids ids)
      : store_(std::move(in)), flow_(flow), ids_(std::move(ids)) {}

private:
  std::size_t at(const detail::flow_place& step) const { return detail::place_in(step, flow_, ids_.size()); }

  store store_;
  std::uint64_t flow_;
  detail::pushed_ids ids_;
};

class job_flow {
public:
  explicit job_flow(const store& in);
  job_flow(job_flow&&) noexcept;
  job_flow& operator=(job_flow&&) noexcept;
  ~job_flow();

  // -- steps ----------------------------------------------------------------

  template <detail::may_be_pushed F, class... Args>
  auto add(const job_queue& to, F&& function, Args&&... args) {
    return add(to, push_options{}, std::forward<F>(function), std::forward<Args>(args)...);
  }
  template <detail::may_be_pushed F, class... Args>
  auto add(const job_queue& to, const push_options& options, F&& function, Args&&... args) {
    static_assert(detail::check_push<F, Args...>());
    const auto plain = static_cast<std::decay_t<F>>(function);
    return flow_step<detail::job_result<F>>{
        add_one(to, options, detail::registered_function(reinterpret_cast<const void*>(plain)),
                detail::arguments_of_one(plain, std::forward<Args>(args)...))};
  }
  /// A step for each item, as `job_queue::push_all` has them.
  template <detail::may_be_pushed F, std::ranges::input_range Items>
  auto add_all(const job_queue& to, const push_options& options, F&& function, Items&& items) {
    static_assert(detail::check_pushed_function<F>());
    const auto plain = static_cast<std::decay_t<F>>(function);
    std::vector<flow_step<detail::job_result<F>>> made;
    for (const auto& each :
         add_each(to, options, detail::registered_function(reinterpret_cast<const void*>(plain)),
                  detail::arguments_of_each(plain, std::forward<Items>(items))))
      made.push_back({each});
    return made;
  }
  /// A task by its name, with an array of arguments.
  flow_step<json> add_named(const job_queue& to, const push_options& options, std::string_view task,
                            const json& arguments = json::array());

  // -- edges ----------------------------------------------------------------

  /// The step runs when all of these are over. Said again, there are more of them; of one that is named twice
  /// the first counts.
  void after(const detail::flow_place& step, std::initializer_list<detail::flow_place> parents,
             taskactor::on_failure wish = taskactor::on_failure::cancel) {
    for (const auto& each : parents)
      add_edge(step, each, wish);
  }
  template <std::ranges::input_range Steps>
  void after(const detail::flow_place& step, const Steps& parents,
             taskactor::on_failure wish = taskactor::on_failure::cancel) {
    for (const auto& each : parents)
      add_edge(step, each, wish);
  }
  /// Each after the one before it.
  void chain(std::initializer_list<detail::flow_place> steps,
             taskactor::on_failure wish = taskactor::on_failure::cancel) {
    for (auto next = steps.begin(); next != steps.end(); ++next)
      if (next != steps.begin())
        add_edge(*next, *(next - 1), wish);
  }

  /// To be awaited or asked: an `expected<pushed_flow>`.
  store_call<pushed_flow> push() const;

private:
  detail::flow_place add_one(const job_queue& to, const push_options& options,
                             const expected<const named_task*>& which,
                             const expected<std::vector<json>>& arguments);
  std::vector<detail::flow_place> add_each(const job_queue& to, const push_options& options,
                                           const expected<const named_task*>& which,
                                           const expected<std::vector<json>>& arguments);
  void add_edge(const detail::flow_place& step, const detail::flow_place& parent, taskactor::on_failure wish);

  std::unique_ptr<detail::flow_form> form_;
};

} // namespace taskactor
