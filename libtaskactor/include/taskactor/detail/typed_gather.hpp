/// A gather with its body, source and sink, and the slots that run the items. Not for users: see
/// `gather.hpp`.
#pragma once

#include <taskactor/detail/body.hpp>
#include <taskactor/detail/gather_slot.hpp>
#include <taskactor/detail/gather_state.hpp>
#include <taskactor/detail/gather_watcher.hpp>
#include <taskactor/detail/item_call.hpp>
#include <taskactor/detail/kept.hpp>
#include <taskactor/detail/sources.hpp>
#include <taskactor/handle.hpp>

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

template <class F, class Source>
using item_result = body_result<F, typename Source::item_type>;

template <class F, class Source, class Sink>
class typed_gather;

template <class F, class Source, class Sink>
class typed_gather_slot final : public gather_slot {
  using owner = typed_gather<F, Source, Sink>;
  using item_type = typename Source::item_type;
  using held = held_item<Source>;
  using traits = body_traits<F, item_type>;
  using result = typename traits::type;

public:
  explicit typed_gather_slot(ref<owner> of) : gather_slot(of), owner_(*of) {}
  void fail(failure what) noexcept override { outcome_ = outcome<result>{std::move(what)}; }

private:
  bool fetch(std::size_t& index) override { return owner_.source.fetch(item_, index); }

  bool start_item([[maybe_unused]] context& where) override {
    if constexpr (traits::coroutine) {
      try {
        root_ = std::invoke(value_of(owner_.function), held::begin(*item_));
        root_.enter_root(where);
        return true;
      } catch (...) {
        conclude_exception();
      }
    } else {
      conclude(outcome_,
               [this]() -> result { return std::invoke(value_of(owner_.function), held::begin(*item_)); });
    }
    return false;
  }
  void collect_item() noexcept override {
    if constexpr (traits::coroutine)
      conclude(outcome_, [this]() -> result { return root_.take(); });
  }
  std::exception_ptr discard_item() noexcept override {
    std::exception_ptr thrown;
    if constexpr (traits::coroutine)
      thrown = destroy_chain(root_.release());
    item_.reset();
    return thrown;
  }
  const failure* item_failure() const noexcept override { return outcome_ ? nullptr : &outcome_.error(); }

  ref<record> make_task() override {
    if constexpr (can_be_on_a_thread<F, item_type>)
      if (owner_.plan().options().each.where == run_where::thread)
        return keep(make_item<thread_item_call>(owner_, std::move(*item_)));
    return keep(make_item<item_call>(owner_, std::move(*item_)));
  }
  template <class Record>
  ref<record> keep(ref<Record> made) noexcept {
    item_.reset();
    task_ = handle<result>{made};
    return made;
  }
  void collect_task() noexcept override {
    try {
      auto ended = std::move(task_).try_outcome();
      if (decide() && ended)
        outcome_ = std::move(*ended);
    } catch (...) { // a copy of the value threw: somebody else has a handle, too
      conclude_exception();
    }
  }
  void drop_task() noexcept override { task_ = handle<result>{}; }
  void deliver_item(std::size_t index, bool late) override {
    auto what = std::exchange(outcome_, outcome<result>{});
    if (late)
      owner_.sink.late(index, std::move(what));
    else
      owner_.sink(index, std::move(what));
    if constexpr (requires { Sink::tells_each; })
      owner_.notify();
    if constexpr (requires { Sink::keeps_late; })
      if (late)
        owner_.notify();
  }

  struct none {};
  owner& owner_;
  std::optional<typename held::type> item_;
  outcome<result> outcome_;
  handle<result> task_;
  [[no_unique_address]] std::conditional_t<traits::coroutine, task<result>, none> root_;
};

template <class F, class Source, class Sink>
class typed_gather final : public gather_state {
  static constexpr bool is_watched = requires(Source from, gather_watcher& by) { from.watch(by); };
  struct no_watcher {
    explicit no_watcher(gather_state&) noexcept {}
  };

public:
  using held = held_item<Source>;

  template <class G, class S, class K>
  typed_gather(manager_core& home, gather_options options, G&& f, S&& from, K&& into)
      : gather_state(home, std::move(options), abilities<F, typename Source::item_type>()),
        function(std::forward<G>(f)),
        source(std::forward<S>(from)),
        sink(std::forward<K>(into)) {}
  typed_gather(const typed_gather&) = delete;
  typed_gather& operator=(const typed_gather&) = delete;
  ~typed_gather() noexcept override {
    if constexpr (!std::is_nothrow_destructible_v<F>)
      report_fault_of_body(plan(), function.drop());
  }

  as_kept<F> function;
  Source source;
  Sink sink;

private:
  bool watch() noexcept override {
    if constexpr (is_watched) {
      const auto* const error = source.watch(watcher_);
      if (!error)
        return true;
      if (*error)
        waiter.keep_failure(*error);
    }
    return false;
  }
  bool unwatch() noexcept override {
    if constexpr (is_watched)
      return source.unwatch(watcher_);
    else
      return false;
  }
  ref<gather_slot> make_slot() override {
    return ref<gather_slot>{new typed_gather_slot<F, Source, Sink>{ref<typed_gather>{this}}};
  }
  bool is_harmless() const noexcept override { return harmless<F> && harmless<Source> && harmless<Sink>; }
  bool has_items() const noexcept override { return source.has_items(); }
  std::size_t known_items() const noexcept override {
    if constexpr (requires { source.size(); })
      return source.size();
    else
      return 0;
  }
  std::size_t known_so_far() const noexcept override {
    if constexpr (requires { source.pushed(); })
      return source.pushed();
    else
      return known_items();
  }
  bool wants_items() const noexcept override {
    if constexpr (requires { source.waiting(); })
      return source.waiting() <= plan().fed_again_at();
    else
      return false;
  }
  std::size_t taken() const noexcept override { return source.taken(); }
  bool has_late() const noexcept override {
    if constexpr (requires { Sink::keeps_late; })
      return sink.has_late();
    else
      return false;
  }
  void tell_late() override {
    if constexpr (requires { Sink::keeps_late; })
      sink.tell_late();
  }

  [[no_unique_address]] std::conditional_t<is_watched, gather_watcher, no_watcher> watcher_{
      static_cast<gather_state&>(*this)};
};

template <class F, class Source, class Sink>
auto make_gather(manager_core& home, gather_options options, F&& f, Source source, Sink&& sink) {
  static_assert(body<F, typename Source::item_type>,
                "the body of a gather can be called with one item of the range");
  using made = typed_gather<std::decay_t<F>, Source, std::decay_t<Sink>>;
  return ref<made>{
      new made{home, std::move(options), std::forward<F>(f), std::move(source), std::forward<Sink>(sink)}};
}

} // namespace taskactor::detail
