/// `gather`: many as one. A body for each item of a range, so many at once, their outcomes in the order of
/// the items.
///
///     auto all = tasks.gather({.concurrency = 16, .each.timeout = 2s, .total_timeout = 30s}, fetch, urls);
///     auto all = co_await ta::gather({.concurrency = 16}, fetch, urls);            // inside a task
///     for (auto& o : all) if (!o) std::cerr << o.error() << '\n';
///
/// One item's failure doesn't touch the others, unless `until` says so:
/// `gather_end::first_error()`, `gather_end::quorum(3)`. However it ends, there is an outcome for each item
/// of a range that knows its size, else for each that was read; `not_started` are those that never had their
/// turn. A million items take a million outcomes but no more actors than run at once.
///
/// Items may also come out of a `channel`, as others send them: see `sync/channel.hpp`.
///
/// Any input range will do. Each body gets an item of its own: moved out of a container that is given as an
/// rvalue (`std::move(pages)`), else copied. A range's own code never runs twice at once. An item's id is the
/// gather's, a slash and its index: by that `find`, `explain` and `cancel_task` know it while it runs.
///
/// Inside a task the gather's items run under the same manager; the task gives its token back while it waits,
/// and its cancellation cancels the items. There the range is read on the scheduler's
/// threads and must not block; a range that is an lvalue must outlive the await. For g++ 12 a lambda that
/// owns captures is given a name before.
///
/// Stops: a body that can't be stopped is answered for at its deadline, and goes on with its token.
#pragma once

#include <taskactor/detail/gather_check.hpp>
#include <taskactor/detail/gather_waits.hpp>
#include <taskactor/detail/sources.hpp>
#include <taskactor/gather_options.hpp>

#include <type_traits>
#include <utility>

namespace taskactor {

/// Inside a task: `co_await gather(options, body, items)` gives `std::vector<outcome<R>>`.
template <class F, class Items>
[[nodiscard]] auto gather(gather_options options, F&& body, Items&& items) {
  if constexpr (detail::check_gather<true, F, Items>()) {
    auto source = detail::make_source(std::forward<Items>(items));
    return detail::gather_awaiter<std::decay_t<F>, decltype(source)>{
        std::move(options), std::forward<F>(body), std::move(source)};
  } else {
    return detail::refused_await{};
  }
}
template <detail::no_options<gather_options> First, class... Rest>
detail::refused_await gather(First&&, Rest&&...) {
  return detail::gather_options_first<First>(), detail::refused_await{};
}

} // namespace taskactor
