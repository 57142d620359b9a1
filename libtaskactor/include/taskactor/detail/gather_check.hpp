/// In one sentence, why a gather can't be. Not for users: see `detail/call_check.hpp`.
#pragma once

#include <taskactor/detail/call_check.hpp>
#include <taskactor/detail/gather_state.hpp>
#include <taskactor/detail/sources.hpp>
#include <taskactor/handle.hpp>
#include <taskactor/outcome.hpp>
#include <taskactor/task_options.hpp>

#include <concepts>
#include <cstddef>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace taskactor::detail {

template <class Items>
struct item_of {
  using type = no_call;
};
template <class Items>
  requires std::ranges::input_range<Items>
struct item_of<Items> {
  using type = std::ranges::range_value_t<Items>;
};

template <sent_items Items>
struct item_of<Items> {
  using type = typename std::remove_cvref_t<Items>::value_type;
};

/// Each body gets an item of its own.
template <class Items>
inline constexpr bool gives_items = false;
template <class Items>
  requires std::ranges::input_range<Items>
inline constexpr bool gives_items<Items>
    = std::constructible_from<std::ranges::range_value_t<Items>, std::ranges::range_reference_t<Items>>
      || (!std::is_lvalue_reference_v<Items>
          && std::constructible_from<std::ranges::range_value_t<Items>,
                                     std::ranges::range_rvalue_reference_t<Items>>);
template <sent_items Items>
inline constexpr bool gives_items<Items> = true;

/// True: `body` can be run for each of `items`. Else a static assertion says why not. `Awaited`: where a call
/// is a part of an await.
template <bool Awaited, class F, class Items>
consteval bool check_gather() {
  using function = std::decay_t<F>;
  using item = typename item_of<Items>::type;
  using result = typename body_traits<F, item>::type;
  constexpr bool range = std::ranges::input_range<Items> || sent_items<Items>;
  constexpr bool callable = std::invocable<function&, item>;
  static_assert(range,
                "the items: this isn't a range, nor a channel; the order is gather(options, body, items)");
  static_assert(!range || !is_task<function>,
                "the body: this is a task, made by a call; give the function itself");
  static_assert(
      !range || is_task<function> || callable,
      "the body: it can't be called with one item of the range, of which it gets a copy of its own (no "
      "T& parameter)");
  static_assert(!range || gives_items<Items>,
                "the items: they can't be copied out of this range, and each body gets one of its own");
  static_assert(!range || !callable || !std::is_reference_v<result>,
                "the body: its result is a reference, which could outlive what it refers to: return a value");
  static_assert(!range || !callable || !left_unawaited<result>,
                "the body: its result would have to be awaited, and nobody does: co_await it in the body");
  static_assert(
      !range || !callable || std::is_reference_v<result> || task_result<result>,
      "the body: its result has to be void, or a value that can be moved and whose destructor doesn't "
      "throw");
  static_assert(can_be_kept<F>, "the body: it can't be copied: give it by std::move");
  static_assert(
      !Awaited || may_be_in_an_await<F>,
      "the body: g++ 12 destroys the captures of a lambda twice that is written in an await: give the "
      "lambda a name before, and pass it by that name");
  return range && gives_items<Items> && body<F, item> && can_be_kept<F>;
}

/// The same, and whether `sink` takes the outcomes.
template <class F, class Items, class Sink>
consteval bool check_gather_each() {
  constexpr bool runs = check_gather<false, F, Items>();
  using result = body_result<F, typename item_of<Items>::type>;
  static_assert(!runs || std::invocable<std::remove_reference_t<Sink>&, std::size_t, outcome<result>>,
                "the sink: it can't be called with the item's index and the outcome: sink(std::size_t, "
                "outcome<R>)");
  return runs && std::invocable<std::remove_reference_t<Sink>&, std::size_t, outcome<result>>;
}

/// For an overload that is left when the options are missing.
template <class First>
void gather_options_first() {
  static_assert(std::is_void_v<First>,
                "the options: they come first, before the body: gather({}, body, items); they "
                "can't be left out");
}

/// Base of the front door: its calls without options.
class without_options {
public:
  template <no_options<task_options> First, class... Rest>
  no_task add_task(First&&, Rest&&...) {
    return options_first<First>();
  }
  template <no_options<gather_options> First, class... Rest>
  std::vector<outcome<no_call>> gather(First&&, Rest&&...) {
    return gather_options_first<First>(), std::vector<outcome<no_call>>{};
  }
  template <no_options<gather_options> First, class... Rest>
  std::size_t gather_each(First&&, Rest&&...) {
    return gather_options_first<First>(), 0;
  }
};

} // namespace taskactor::detail
