/// `race` and `when_all`: a fixed number of bodies at once, of different types if need be, on a task group.
///
///     auto won = co_await ta::race(ask(primary), ask(mirror));       // std::variant: index() says who
///     auto [user, items] = co_await ta::when_all(load_user(id), load_items(id));      // std::tuple
///     auto won = co_await ta::race(std::move(tasks));                // a vector of task<T>: {index, value}
///     std::vector<page> all = co_await ta::when_all(std::move(tasks));               // in their order
///
/// Each body is a child task with its own token and an id below the parent's. A result of void is a
/// `std::monostate`. Bodies are tasks, awaitables, or callables that give one (for g++ 12 a lambda that owns
/// what it captures is given a name before: docs/first_steps.md).
///
/// A single range (a vector, a view, ...) is as many bodies as it has elements, which have results of one
/// type. They are taken when the call is made: copied from an lvalue, moved out of what is moved.
///
/// `race`: the first that ends decides, with its value or its exception; the losers are cancelled and
/// awaited, and what they throw then is reported (`event_kind::cleanup_fault`). A loser's value is destroyed;
/// an await that takes something from others (a channel's `receive`, a `join_next`, a lock) takes it only if
/// it wins, where that await itself was given: not a body that awaits it. Who is cancelled by its id
/// is out of the race; if all are, that is thrown (a `task_error`). With one token for all they run in turn.
///
/// `when_all`: all values; the first failure (or body that is cancelled by its id: a `task_error`) cancels
/// the others, and is thrown as it is once they have ended. Further errors are reported as clean-up faults.
/// Of an empty range there are no values, at once. Values that others had are destroyed when one fails; but
/// an await that takes something, given as for a race, takes it only when all have come: what a `receive` was
/// served goes back to its channel. What a body of yours has received isn't: it ends with that body's value.
#pragma once

#include <taskactor/detail/children_end.hpp>
#include <taskactor/detail/race_ends.hpp>
#include <taskactor/task_group.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace taskactor {

/// Who has won a race of equals.
template <class T>
struct race_won {
  std::size_t index = 0;
  detail::stored<T> value; // no {}: T may have no default
};

namespace detail {

template <class R>
using element_of = decltype(*std::begin(std::declval<R&>()));

/// A range, and no body itself. (Not by <ranges>, which is dear to include.)
template <class R>
concept part_range = requires(std::remove_reference_t<R>& range) {
  requires std::input_iterator<std::remove_cvref_t<decltype(std::begin(range))>>;
  std::end(range);
} && !can_be_awaited<std::remove_cvref_t<R>> && !std::invocable<std::remove_cvref_t<R>&>;

/// It has its elements itself, unlike a view: those of a constant one are constant.
template <class R>
inline constexpr bool keeps_parts = false;
template <class R>
  requires std::is_lvalue_reference_v<element_of<const R>>
inline constexpr bool keeps_parts<R> = std::is_const_v<std::remove_reference_t<element_of<const R>>>
                                       && std::is_lvalue_reference_v<element_of<R>>;

/// What is taken of an element: out of a range that was moved, and owns its elements, it is moved.
template <class R>
decltype(auto) part_of(element_of<R>&& element) {
  if constexpr (!std::is_lvalue_reference_v<R> && keeps_parts<std::remove_reference_t<R>>)
    return std::move(element);
  else
    return std::forward<element_of<R>>(element);
}

/// A lambda in a container isn't written in an await.
template <class A>
auto as_element(A&& body) {
  if constexpr (may_be_in_an_await<A>)
    return as_part(std::forward<A>(body));
  else if constexpr (check_part<std::remove_reference_t<A>&>())
    return as_task(std::forward<A>(body));
  else
    return task<void>{};
}

template <part_range R>
auto as_parts(R&& bodies) {
  std::vector<decltype(as_element(part_of<R>(*std::begin(bodies))))> all;
  for (auto&& each : bodies)
    all.push_back(as_element(part_of<R>(std::forward<decltype(each)>(each))));
  return all;
}

/// What takes something from others takes part as it is.
template <class A>
inline constexpr bool competes_as_it_is = !std::is_lvalue_reference_v<A> && taking_await<A>;

template <class A>
auto as_competitor(A&& body) {
  if constexpr (competes_as_it_is<A>)
    return A(std::forward<A>(body));
  else
    return as_part(std::forward<A>(body));
}

template <part_range R>
auto as_competitors(R&& bodies) {
  using element = decltype(part_of<R>(*std::begin(bodies)));
  if constexpr (competes_as_it_is<std::conditional_t<std::is_rvalue_reference_v<element>,
                                                     std::remove_reference_t<element>, element>>) {
    std::vector<std::remove_reference_t<element>> all;
    for (auto&& each : bodies)
      all.push_back(part_of<R>(std::forward<decltype(each)>(each)));
    return all;
  } else {
    return as_parts(std::forward<R>(bodies));
  }
}

/// Rethrows the first error, if it `decides`; the others are reported.
inline void settle_errors(const std::vector<std::exception_ptr>& errors, bool decides) {
  for (std::size_t i = decides ? 1 : 0; i < errors.size(); ++i)
    require_task().report_cleanup_fault(errors[i]);
  if (decides && !errors.empty())
    std::rethrow_exception(errors.front());
}

/// A child is given its coroutine, or its await, as an argument, which is kept until it has ended.
template <class Result, class Part, class Write>
void start_competitor(task_group& group, const std::shared_ptr<first_end<Result>>& end, Part body,
                      Write write) {
  group.start([group, end,
               write](Part mine) { return first_end<Result>::compete(end, group, std::move(mine), write); },
              std::move(body));
}

template <std::size_t... I, class... Parts>
task<std::variant<typename part_value<Parts>::type...>> race_of(std::index_sequence<I...>, Parts... bodies) {
  using result = std::variant<typename part_value<Parts>::type...>;
  const auto end = std::make_shared<first_end<result>>();
  auto all = [&](task_group& group) {
    (start_competitor(group, end, std::move(bodies),
                      [](std::optional<result>& into, typename part_value<Parts>::type&& got) {
                        into.emplace(std::in_place_index<I>, std::move(got));
                      }),
     ...);
  };
  const auto children = co_await end_of_children(std::ref(all), false);
  const bool decided = end->close();
  settle_errors(children.errors, !decided);
  co_return end->take(decided, children.lost);
}

template <class Part>
struct competitor_result {
  using type = std::remove_cv_t<decltype(std::declval<Part&>().await_resume())>;
};
template <class T>
struct competitor_result<task<T>> {
  using type = T;
};

template <class Part>
auto race_of_equals(std::vector<Part> bodies) -> task<race_won<typename competitor_result<Part>::type>> {
  using T = typename competitor_result<Part>::type;
  if (bodies.empty())
    throw_rejection({errc::invalid_argument, "race: nobody takes part; give at least one body"});
  const auto end = std::make_shared<first_end<race_won<T>>>();
  auto all = [&](task_group& group) {
    for (std::size_t i = 0; i < bodies.size(); ++i)
      start_competitor(group, end, std::move(bodies[i]),
                       [i](std::optional<race_won<T>>& into, stored<T>&& got) {
                         into.emplace(race_won<T>{i, std::move(got)});
                       });
  };
  const auto children = co_await end_of_children(std::ref(all), false);
  const bool decided = end->close();
  settle_errors(children.errors, !decided);
  co_return end->take(decided, children.lost);
}

template <class Part>
void start_one(task_group& group, const std::shared_ptr<one_of_all<Part>>& into, Part body) {
  group.start([into](Part mine) { return one_of_all<Part>::fill(into, std::move(mine)); }, std::move(body));
}

template <std::size_t... I, class... Parts>
task<std::tuple<typename part_value<Parts>::type...>> all_of(std::index_sequence<I...>, Parts... bodies) {
  const std::tuple<std::shared_ptr<one_of_all<Parts>>...> all{std::make_shared<one_of_all<Parts>>()...};
  auto start = [&](task_group& group) { (start_one(group, std::get<I>(all), std::move(bodies)), ...); };
  const auto children = co_await end_of_children(std::ref(start), true);
  settle_errors(children.errors, true);
  if (!(std::get<I>(all)->has_come() && ...))
    throw_cancellation(children.lost);
  co_return std::tuple<typename part_value<Parts>::type...>{std::get<I>(all)->take()...};
}

template <class Part>
auto all_of_equals(std::vector<Part> bodies)
    -> task<std::vector<stored<typename competitor_result<Part>::type>>> {
  std::vector<std::shared_ptr<one_of_all<Part>>> all;
  all.reserve(bodies.size());
  auto start = [&](task_group& group) {
    for (auto& each : bodies) {
      all.push_back(std::make_shared<one_of_all<Part>>());
      start_one(group, all.back(), std::move(each));
    }
  };
  const auto children = co_await end_of_children(std::ref(start), true);
  settle_errors(children.errors, true);
  for (const auto& each : all)
    if (!each->has_come())
      throw_cancellation(children.lost);
  std::vector<stored<typename competitor_result<Part>::type>> result;
  result.reserve(all.size());
  for (const auto& each : all)
    result.push_back(each->take());
  co_return result;
}

} // namespace detail

/// The value of the first that ends. Errors: that one's exception.
template <class... As>
  requires(sizeof...(As) > 1)
[[nodiscard]] auto race(As&&... bodies) {
  return detail::race_of(std::index_sequence_for<As...>{},
                         detail::as_competitor(std::forward<As>(bodies))...);
}

/// The same for a number of equals. Errors: also `errc::invalid_argument`, when there are none.
template <detail::part_range R>
[[nodiscard]] auto race(R&& bodies) {
  return detail::race_of_equals(detail::as_competitors(std::forward<R>(bodies)));
}

/// All values, when all have one. Errors: the first failure's exception.
template <class... As>
  requires(sizeof...(As) > 1 || (sizeof...(As) == 1 && !(detail::part_range<As> && ...)))
[[nodiscard]] auto when_all(As&&... bodies) {
  return detail::all_of(std::index_sequence_for<As...>{}, detail::as_competitor(std::forward<As>(bodies))...);
}

/// The same for a number of equals: a vector of their values, in their order.
template <detail::part_range R>
[[nodiscard]] auto when_all(R&& bodies) {
  return detail::all_of_equals(detail::as_competitors(std::forward<R>(bodies)));
}

} // namespace taskactor
