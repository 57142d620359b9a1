/// `job_queue`: one queue of a store, into which jobs are pushed: registered functions with their arguments.
///
///     TASKACTOR_REGISTER(send_letter);                              // registry.hpp, in a source file
///     ta::job_queue mail{store, "mail"};
///     const auto pushed = co_await mail.push(send_letter, "ann@example.org");   // expected<pushed<T>>
///     mail.push({.delay = 1h, .priority = 2}, send_letter, "bob@example.org").get();
///     mail.push_all({}, send_letter, addresses);                    // a range: all of them, or none
///     mail.push_named({}, "send_letter", {"eve@example.org"});      // by name, with JSON
///     mail.push(database, {}, send_letter, "dan@example.org");      // in a transaction of the caller's
///
/// Each push is written once, whatever becomes of the one who awaits it. What its options leave unset is as
/// the task was registered: timeout, retry (without `retry_on`), priority, fairness key, version; else as
/// `push_options` says.
///
/// What is wrong is known before anything is written: `errc::unknown_task` (the function isn't registered
/// here, or there is no such name: `push_unchecked` takes any), `errc::bad_arguments` (which, what was
/// expected, and what came; texts in them are UTF-8, and may have NULs), `errc::payload_too_large`,
/// `errc::invalid_argument` (naming the option, or the task: a name is a text as the queue's). It comes in
/// the `expected`, as all that a store call fails with does.
///
/// g++ 12 doesn't compile a list in braces within an await, of tags or of JSON: give it a name before.
///
/// Copies are the same. Threads: any.
#pragma once

#include <taskactor/detail/json_encode.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/queue/job.hpp>
#include <taskactor/queue/push_options.hpp>
#include <taskactor/queue/store.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/run_in_process.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <ranges>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

struct pg_conn;
struct sqlite3;

namespace taskactor {

/// A job that was pushed, or the one that has its key.
template <class T = void>
struct pushed {
  taskactor::job<T> job;
  push_result how;
};

namespace detail {

struct new_job;
struct push_reply;

struct pushed_id {
  job_id id;
  push_result how;
};
using pushed_ids = std::vector<pushed_id>;

/// One queue, without types.
class queue_front {
public:
  /// Errors: `errc::invalid_argument`.
  queue_front(const store& in, std::string name);

  const store& in() const noexcept { return store_; }
  const std::string& name() const noexcept { return name_; }

  /// `arguments`: an array for each job, or what is wrong with them. `told` is called once, here or on the
  /// store's thread: as those of `store_core`.
  void push(const expected<const named_task*>& which, const push_options& options,
            const expected<std::vector<json>>& arguments,
            std::function<void(expected<pushed_ids>)> told) const;
  /// Of a task that needn't be known here.
  void push_unchecked(const push_options& options, const std::string& task, const json& arguments,
                      std::function<void(expected<pushed_ids>)> told) const;
  /// A command (`job_kind::command`), as command_job.hpp says; its program is its name.
  void push_command(const push_options& options, const json& command,
                    std::function<void(expected<pushed_ids>)> told) const;

  /// What these would push, one job for each `arguments`. Errors: what is wrong with them.
  expected<std::vector<new_job>> jobs(const expected<const named_task*>& which, const push_options& options,
                                      const expected<std::vector<json>>& arguments) const;
  expected<std::vector<new_job>> unchecked_jobs(const push_options& options, const std::string& task,
                                                const json& arguments) const;
  expected<std::vector<new_job>> command_jobs(const push_options& options, const json& command) const;

  /// `make` is given the jobs, writes them, and answers in their order; or it throws `error`.
  expected<pushed_ids>
  push_by(const std::function<std::vector<push_reply>(const std::vector<new_job>&)>& make,
          const expected<const named_task*>& which, const push_options& options,
          const expected<std::vector<json>>& arguments) const;
  expected<pushed_ids> push_in(sqlite3* transaction, const expected<const named_task*>& which,
                               const push_options& options,
                               const expected<std::vector<json>>& arguments) const;

private:
  store store_;
  std::string name_;
};

/// In `taskactor::postgres`.
expected<pushed_ids> push_in_postgres(pg_conn* transaction, const queue_front& to,
                                      const expected<const named_task*>& which, const push_options& options,
                                      const expected<std::vector<json>>& arguments);

expected<const named_task*> registered_function(const void* function);
/// Which can be called with them.
expected<const named_task*> registered_task(std::string_view name, const json& arguments);
/// In a handler: what can't be made an argument.
rejection refused_argument();

template <class R, class... Ps, class... As>
json arguments_for(R (*)(Ps...), As&&... given) {
  const std::tuple<std::remove_cvref_t<Ps>...> values{std::forward<As>(given)...};
  auto made = json::array();
  std::apply([&](const auto&... each) { (made.push_back(encode(each)), ...); }, values);
  return made;
}
template <class R, class... Ps, class... As>
json arguments_for(R (*)(std::stop_token, Ps...), As&&... given) {
  return arguments_for(static_cast<R (*)(Ps...)>(nullptr), std::forward<As>(given)...);
}

template <class R, class... Ps>
typename result_traits<R>::type result_of(R (*)(Ps...));
/// What its function gives.
template <class F>
using job_result = decltype(result_of(std::declval<std::decay_t<F>>()));

template <class T>
inline constexpr bool is_tuple = false;
template <class... Ts>
inline constexpr bool is_tuple<std::tuple<Ts...>> = true;

/// An element of a range: a tuple is all arguments, anything else the only one.
template <class F, class Item>
json item_arguments(F function, Item&& item) {
  if constexpr (is_tuple<std::remove_cvref_t<Item>>)
    return std::apply(
        [&](auto&&... each) { return arguments_for(function, std::forward<decltype(each)>(each)...); },
        std::forward<Item>(item));
  else
    return arguments_for(function, std::forward<Item>(item));
}

template <class F, class Items>
expected<std::vector<json>> arguments_of_each(F function, Items&& items) {
  try {
    std::vector<json> made;
    if constexpr (std::ranges::sized_range<Items>)
      made.reserve(std::ranges::size(items));
    for (auto&& each : items)
      made.push_back(item_arguments(function, std::forward<decltype(each)>(each)));
    return made;
  } catch (...) {
    return refused_argument();
  }
}
template <class F, class... Args>
expected<std::vector<json>> arguments_of_one(F function, Args&&... args) {
  try {
    std::vector<json> made;
    made.push_back(arguments_for(function, std::forward<Args>(args)...));
    return made;
  } catch (...) {
    return refused_argument();
  }
}

template <class R>
pushed<R> pushed_as(const store& in, const pushed_id& which) {
  return {job<R>{in, which.id}, which.how};
}
template <class R>
std::vector<pushed<R>> pushed_as(const store& in, const pushed_ids& which) {
  std::vector<pushed<R>> all;
  all.reserve(which.size());
  for (const auto& each : which)
    all.push_back(pushed_as<R>(in, each));
  return all;
}

/// True: it can be pushed. Else a static assertion says why not.
template <class F>
consteval bool check_pushed_function() {
  static_assert(is_free_function<F>,
                "push: the function: only a free function that is registered (TASKACTOR_REGISTER) can be a "
                "job: a lambda, a member or an object with state doesn't outlive its program");
  return is_free_function<F>;
}
template <class F, class... Args>
consteval bool check_push() {
  if constexpr (check_pushed_function<F>()) {
    using call = decltype(crossing_of(std::declval<std::decay_t<F>>()));
    constexpr bool number = call::template number<Args...>;
    static_assert(number, "push: the function is given another number of arguments than it has parameters; "
                          "defaults don't belong to a function's type: push_named has those of its task");
    static_assert(call::may_cross,
                  "push: the function's parameters have to be values or const references: a pointer or a "
                  "reference means nothing in another program");
    static_assert(!number || call::template types<Args...>,
                  "push: an argument can't be converted to the function's parameter");
  }
  return fits_a_call<std::decay_t<F>, Args...>;
}

template <class F>
concept may_be_pushed
    = !std::same_as<std::remove_cvref_t<F>, push_options> && !std::same_as<std::remove_cvref_t<F>, sqlite3*>
      && !std::same_as<std::remove_cvref_t<F>, pg_conn*>;

} // namespace detail

class job_queue {
  using json = taskactor::json;

public:
  /// Errors: `errc::invalid_argument`: an empty name, one of more than 200 bytes, or no UTF-8, or with a NUL.
  job_queue(const store& in, std::string name) : front_(in, std::move(name)) {}

  const store& in() const noexcept { return front_.in(); }
  const std::string& name() const noexcept { return front_.name(); }

  /// To be awaited or asked, as all that gives a `store_call`: an `expected<pushed<T>>`.
  template <detail::may_be_pushed F, class... Args>
  auto push(F&& function, Args&&... args) const {
    return push(push_options{}, std::forward<F>(function), std::forward<Args>(args)...);
  }
  template <detail::may_be_pushed F, class... Args>
  auto push(const push_options& options, F&& function, Args&&... args) const {
    static_assert(detail::check_push<F, Args...>());
    using result = detail::job_result<F>;
    const auto plain = static_cast<std::decay_t<F>>(function);
    return begin<pushed<result>>(plain, options, detail::arguments_of_one(plain, std::forward<Args>(args)...),
                                 [](const store& in, const detail::pushed_ids& ids) {
                                   return detail::pushed_as<result>(in, ids.front());
                                 });
  }
  /// A job for each item, with the same options: all of them in one transaction. A `std::tuple` has all
  /// arguments of its job, anything else is the only one. An `expected<std::vector<pushed<T>>>`, in the order
  /// of the items. Each must have another unique key, if any: so `options` can't name one.
  template <detail::may_be_pushed F, std::ranges::input_range Items>
  auto push_all(const push_options& options, F&& function, Items&& items) const {
    static_assert(detail::check_pushed_function<F>());
    using result = detail::job_result<F>;
    const auto plain = static_cast<std::decay_t<F>>(function);
    return begin<std::vector<pushed<result>>>(
        plain, options, detail::arguments_of_each(plain, std::forward<Items>(items)),
        [](const store& in, const detail::pushed_ids& ids) { return detail::pushed_as<result>(in, ids); });
  }

  /// In a transaction of the caller's, on a connection of its own to the store's file: it is there when that
  /// is committed, or not at all. Blocks as a statement of SQLite's does; runners of this process are told
  /// by the watch on the folder. Errors: as of `push`; `errc::invalid_argument`: no transaction is open, or
  /// the connection has another file as its main database.
  template <detail::may_be_pushed F, class... Args>
  expected<pushed<detail::job_result<F>>> push(sqlite3* transaction, const push_options& options,
                                               F&& function, Args&&... args) const {
    static_assert(detail::check_push<F, Args...>());
    const auto plain = static_cast<std::decay_t<F>>(function);
    return front_
        .push_in(transaction, detail::registered_function(reinterpret_cast<const void*>(plain)), options,
                 detail::arguments_of_one(plain, std::forward<Args>(args)...))
        .transform([&](const detail::pushed_ids& ids) {
          return detail::pushed_as<detail::job_result<F>>(in(), ids.front());
        });
  }

  /// The same, of a store on PostgreSQL (`postgres_store`; link `taskactor::postgres`): in the transaction
  /// that is open on a connection of libpq's of the caller's, in its blocking mode. What it pushes is undone
  /// alone, if it fails. A key that another transaction has just taken is waited for.
  template <detail::may_be_pushed F, class... Args>
  expected<pushed<detail::job_result<F>>> push(pg_conn* transaction, const push_options& options,
                                               F&& function, Args&&... args) const {
    static_assert(detail::check_push<F, Args...>());
    const auto plain = static_cast<std::decay_t<F>>(function);
    return detail::push_in_postgres(transaction, front_,
                                    detail::registered_function(reinterpret_cast<const void*>(plain)),
                                    options, detail::arguments_of_one(plain, std::forward<Args>(args)...))
        .transform([&](const detail::pushed_ids& ids) {
          return detail::pushed_as<detail::job_result<F>>(in(), ids.front());
        });
  }

  /// A task by its name: `arguments` is an array, of which the last may be missing where the task has
  /// defaults.
  store_call<pushed<json>> push_named(const push_options& options, std::string_view task,
                                      const json& arguments = json::array()) const;
  /// As `push_named`, of a task that isn't known here: nobody looks at the arguments before they are run, and
  /// nothing is as the task was registered.
  store_call<pushed<json>> push_unchecked(const push_options& options, const std::string& task,
                                          const json& arguments = json::array()) const;

private:
  template <class Given, class F, class Make>
  store_call<Given> begin(F function, const push_options& options,
                          const expected<std::vector<json>>& arguments, Make make) const {
    auto ids = std::make_shared<detail::call_state<detail::pushed_ids>>();
    front_.push(detail::registered_function(reinterpret_cast<const void*>(function)), options, arguments,
                [ids](expected<detail::pushed_ids> all) { ids->set(std::move(all)); });
    return detail::made_call<Given>(
        std::move(ids), [make, in = in()](const detail::pushed_ids& all) { return make(in, all); });
  }

  detail::queue_front front_;
};

} // namespace taskactor
