/// An item of a gather as a task of its own (`gather_options::each`). Not for users: see `gather_slot.hpp`.
#pragma once

#include <taskactor/copyable_result.hpp>
#include <taskactor/detail/body.hpp>
#include <taskactor/detail/gather_state.hpp>
#include <taskactor/detail/kept.hpp>
#include <taskactor/detail/thread_awaiter.hpp>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

template <class F, class Item>
inline constexpr bool can_be_on_a_thread = !body_traits<F, Item>::coroutine;

template <class F, class Item>
constexpr item_abilities abilities() noexcept {
  return {copyable_result<Item>, can_be_on_a_thread<F, Item>};
}

/// The gather's function, for one item: each attempt has a copy.
template <class Gather>
class item_call {
public:
  explicit item_call(Gather& gather) noexcept : gather_(&gather) {}

  decltype(auto) operator()(typename Gather::held::type&& item) const {
    return std::invoke(value_of(gather_->function), Gather::held::begin(item));
  }

private:
  ref<Gather> gather_;
};

/// A coroutine for each result type, not for each gather.
template <class R>
task<R> call_on_thread(std::function<R()> function) {
  thread_awaiter<std::function<R()>> call{std::move(function)};
  co_return co_await call;
}

/// The same, as a call on a thread.
template <class Gather>
class thread_item_call : item_call<Gather> {
public:
  using item_call<Gather>::item_call;
  template <class Item>
  auto operator()(Item&& item) const {
    using plain = std::decay_t<Item>;
    using result = std::invoke_result_t<const item_call<Gather>&, plain>;
    auto held = std::make_shared<plain>(std::forward<Item>(item)); // a std::function is copied
    return call_on_thread<result>([call = item_call<Gather>{*this}, held] { return call(std::move(*held)); });
  }
};

template <template <class> class Call, class Gather, class Item>
auto make_item(Gather& gather, Item&& item) {
  return make_body(Call<Gather>{gather}, std::forward<Item>(item));
}

} // namespace taskactor::detail
