/// A task's body with its arguments and its outcome, in one record. Not for users.
///
/// A body is a coroutine function that returns `task<T>`, or a plain function or function object. Callable
/// and arguments are kept in the record until the end, so that a coroutine's references to them and a
/// lambda's captures stay valid across its awaits.
#pragma once

#include <taskactor/detail/attempt_rest.hpp>
#include <taskactor/detail/call_check.hpp>
#include <taskactor/detail/harmless.hpp>
#include <taskactor/detail/kept_call.hpp>
#include <taskactor/detail/record.hpp>
#include <taskactor/detail/runs_on_any_thread.hpp>
#include <taskactor/task.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

/// A record with an outcome, whatever the body.
template <class T>
class outcome_record : public record {
public:
  outcome<T>& result() noexcept { return outcome_; }
  void fail(failure what) noexcept override { outcome_ = outcome<T>{std::move(what)}; }
  void drop_outcome() noexcept override { outcome_ = outcome<T>{}; }
  const failure* failed() const noexcept override { return outcome_ ? nullptr : &outcome_.error(); }
  std::uint8_t user_parts(std::uint8_t among) const noexcept override {
    const auto is_users = [this] { return outcome_ ? !harmless<T> : outcome_.error().cause() != nullptr; };
    const bool users = (among & outcome_part) != 0 && is_users();
    return static_cast<std::uint8_t>(record::user_parts(among) | (users ? outcome_part : 0));
  }

protected:
  template <class Produce>
  void conclude(Produce&& produce) noexcept {
    record::conclude(outcome_, std::forward<Produce>(produce));
  }

private:
  outcome<T> outcome_;
};

template <class F, class... Args>
class body_record final : public outcome_record<body_result<F, Args...>> {
  using traits = body_traits<F, Args...>;
  using result_type = typename traits::type;
  using parts = kept_call<F, Args...>;

public:
  template <class G, class... As>
  explicit body_record(G&& function, As&&... arguments)
      : parts_(std::in_place, std::in_place, std::forward<G>(function), std::forward<As>(arguments)...) {
    this->runs_anywhere = runs_on_any_thread<F>;
  }
  body_record(const body_record&) = delete;
  body_record& operator=(const body_record&) = delete;
  /// Only of one that was refused are there any parts left.
  ~body_record() noexcept override { // parts that may throw are gone before it ends
    drop_parts();
    drop_spare();
  }

  bool start([[maybe_unused]] context& where) override {
    if (!take_spare())
      return false;
    if constexpr (traits::coroutine) {
      try {
        root_ = present()();
        root_.enter_root(where);
        return true;
      } catch (...) { // no frame: out of memory, or a parameter's copy threw
        this->conclude_exception();
      }
    } else {
      this->conclude([this]() -> result_type { return present()(); });
    }
    return false;
  }

  void collect() noexcept override {
    if constexpr (traits::coroutine) {
      if (auto& ended = root_.ended(); ended.error)
        this->conclude_exception(std::move(ended.error), ended.cancellation);
      else
        this->conclude([this]() -> result_type { return root_.take(); });
    }
  }

  std::uint8_t user_parts(std::uint8_t among) const noexcept override {
    auto found = outcome_record<body_result<F, Args...>>::user_parts(among);
    if constexpr (!harmless<F> || !harmless<std::tuple<Args...>>) {
      if ((among & record::body_part) != 0 && (tried_again_ ? attempt_ != nullptr : parts_.has_value()))
        found |= record::body_part;
      if ((among & record::spare_part) != 0 && tried_again_ && parts_)
        found |= record::spare_part;
    }
    return found;
  }

  bool keep_spare() override { return tried_again_ = parts::can_be_copied; }

  void drop_spare() noexcept override {
    if (!tried_again_ || !parts_)
      return;
    const current_scope its_own{this, current_context()};
    parts_.reset();
  }

  std::exception_ptr discard_body() noexcept override {
    std::exception_ptr thrown;
    if constexpr (traits::coroutine)
      thrown = destroy_chain(root_.release());
    drop_parts();
    return thrown;
  }

  ref<record> leave_attempt() override {
    if (!attempt_)
      return {};
    if constexpr (traits::coroutine)
      if (auto* const root = root_.release())
        root->owner = nullptr; // its frames are the actor's
    return ref<record>{new attempt_rest<parts>{std::move(attempt_)}};
  }

private:
  struct none {};

  /// What their destructors throw is this task's, on whatever thread they run.
  void drop_parts() noexcept {
    if constexpr (parts::is_trivially_dropped) {
      tried_again_ ? attempt_.reset() : parts_.reset();
    } else if (tried_again_ ? attempt_ != nullptr : parts_.has_value()) {
      const current_scope its_own{this, current_context()};
      tried_again_ ? attempt_.reset() : parts_.reset();
    }
  }

  /// An attempt begins. False: the copy for it threw, which is how it ended.
  bool take_spare() {
    if constexpr (parts::can_be_copied) {
      if (attempt_ || !tried_again_)
        return true;
      try {
        attempt_ = std::make_unique<parts>(*parts_);
      } catch (...) {
        this->conclude_exception();
        return false;
      }
    }
    return true;
  }

  parts& present() noexcept { return attempt_ ? *attempt_ : *parts_; }

  std::optional<parts> parts_;     // what is run, or copied for each attempt
  std::unique_ptr<parts> attempt_; // the copy for this one
  bool tried_again_ = false;       // there may be further attempts
  [[no_unique_address]] std::conditional_t<traits::coroutine, task<result_type>, none> root_;
};

template <class F, class... Args>
auto make_body(F&& function, Args&&... arguments) {
  using made = body_record<std::decay_t<F>, std::decay_t<Args>...>;
  return ref<made>{new made{std::forward<F>(function), std::forward<Args>(arguments)...}};
}

} // namespace taskactor::detail
