/// A task's body with its arguments and its outcome, in one record. Not for users.
///
/// A body is a coroutine function that returns `task<T>`, or a plain function or function object. Callable
/// and arguments are kept in the record until the end, so that a coroutine's references to them and a
/// lambda's captures stay valid across its awaits.
#pragma once

#include <taskactor/run/call_check.hpp>
#include <taskactor/run/kept_call.hpp>
#include <taskactor/run/record.hpp>
#include <taskactor/run/runs_on_any_thread.hpp>
#include <taskactor/task/task.hpp>

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

protected:
  /// Calls `produce` for the body's result; what it returns or throws becomes the outcome, if nothing else
  /// has. A value that throws when it is moved is a failure before anything is decided, or, in the last move,
  /// before anybody has looked.
  template <class Produce>
  void conclude(Produce&& produce) noexcept {
    try {
      if constexpr (std::is_void_v<T>) {
        produce();
        if (decide())
          outcome_.emplace();
      } else {
        T value = produce();
        if (decide())
          outcome_.emplace(std::move(value));
      }
    } catch (...) {
      conclude_exception();
    }
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
  ~body_record() override {
    drop_parts();
    drop_spare();
  }

  bool start([[maybe_unused]] context& where) override {
    if (!take_spare())
      return false;
    if constexpr (traits::coroutine) {
      try {
        root_ = (*parts_)();
        root_.enter_root(where);
        return true;
      } catch (...) { // no frame: out of memory, or a parameter's copy threw
        this->conclude_exception();
      }
    } else {
      this->conclude([this]() -> result_type { return (*parts_)(); });
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

  bool keep_spare() override {
    if constexpr (parts::can_be_copied) {
      spare_ = std::make_unique<parts>(*parts_);
      return true;
    } else {
      return false;
    }
  }

  void drop_spare() noexcept override {
    if (!spare_)
      return;
    const current_scope its_own{this, current_context()};
    spare_.reset();
  }

  std::exception_ptr discard_body() noexcept override {
    std::exception_ptr thrown;
    if constexpr (traits::coroutine)
      thrown = destroy_chain(root_.release());
    drop_parts();
    return thrown;
  }

private:
  struct none {};

  /// What their destructors throw is this task's, on whatever thread they run.
  void drop_parts() noexcept {
    if constexpr (parts::is_trivially_dropped) {
      parts_.reset();
    } else if (parts_) {
      const current_scope its_own{this, current_context()};
      parts_.reset();
    }
  }

  /// A further attempt begins. False: the copy threw, which is how it ended.
  bool take_spare() {
    if constexpr (parts::can_be_copied) {
      if (parts_ || !spare_)
        return true;
      try {
        parts_.emplace(*spare_);
      } catch (...) {
        this->conclude_exception();
        return false;
      }
    }
    return true;
  }

  std::optional<parts> parts_;
  std::unique_ptr<parts> spare_; // for further attempts, if there may be any
  [[no_unique_address]] std::conditional_t<traits::coroutine, task<result_type>, none> root_;
};

template <class F, class... Args>
auto make_body(F&& function, Args&&... arguments) {
  using made = body_record<std::decay_t<F>, std::decay_t<Args>...>;
  return ref<made>{new made{std::forward<F>(function), std::forward<Args>(arguments)...}};
}

} // namespace taskactor::detail
