/// `as_completed`: a gather whose outcomes come as they are ready.
///
///     auto done = ta::as_completed({.concurrency = 16}, fetch, urls);
///     while (auto one = co_await done.next())
///       use(one->index, one->result);             // the item's place in the range, and its outcome
///
/// Nothing starts before the first `next()`. The items run on while the outcomes are used, at most
/// `concurrency` at once, and each outcome comes when it is there. Outcomes that nobody has asked for are
/// kept: no more items than twice `concurrency` (or 16, if that is more) are begun and not asked for, so that
/// an endless range, or a channel, takes bounded memory. The task gives its token back while it waits for
/// one. If it ends early (`until`, a time), what was not begun comes last, as `not_started`, if the range
/// knows its size.
///
/// The items belong to the tasks that have asked for one: the end of the last of them cancels what runs, and
/// waits for it. So the generator can be handed on to another task; two can't ask at once.
///
/// Stops: dropping it cancels what runs. A cancellation or a deadline around `next()` ends it as well.
/// Errors: of the range, from `next()`; those of the items are in their outcomes.
#pragma once

#include <taskactor/async_generator.hpp>
#include <taskactor/detail/completed_items.hpp>
#include <taskactor/gather.hpp>

#include <utility>

namespace taskactor {

/// Inside a task. An lvalue range must outlive the generator.
template <class F, class Items>
[[nodiscard]] auto as_completed(gather_options options, F&& body, Items&& items) {
  if constexpr (detail::check_gather<false, F, Items>())
    return detail::complete_each<std::decay_t<F>>(std::move(options), std::forward<F>(body),
                                                  detail::make_source(std::forward<Items>(items)));
  else
    return detail::no_generator();
}
template <detail::no_options<gather_options> First, class... Rest>
async_generator<completed_item<detail::no_call>> as_completed(First&&, Rest&&...) {
  return detail::gather_options_first<First>(), detail::no_generator();
}

} // namespace taskactor
