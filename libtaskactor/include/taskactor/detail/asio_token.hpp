/// The completion token of tasks, for any Asio. Not for users: see `asio.hpp` and `boost_asio.hpp`.
///
/// `Library` says what differs: `error_code`, `post(executor, f)`, and, where there are any, `signal`, `slot`
/// and `emit(signal)` (else `signal` is void). Nothing of Asio's is included here.
///
/// What cancels an operation runs on the executor of the object that the operation is of, as Asio wants it,
/// and only as long as the completion handler is there: both look under the operation's lock.
#pragma once

#include <taskactor/detail/foreign_driver.hpp>
#include <taskactor/io/callback.hpp>

#include <concepts>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace taskactor {

/// `use_task.cancelled_by(object)`: see `asio.hpp`.
template <class Object>
struct use_task_by {
  Object* object;
};

/// The type of `use_task`.
struct use_task_t {
  /// For an Asio without cancellation slots, and for operations that don't know them: to end the await,
  /// `object.cancel()` is called on its executor. It has to live until the await is over.
  template <class Object>
  use_task_by<Object> cancelled_by(Object& object) const noexcept {
    return {&object};
  }
};

/// The completion token with which an asynchronous operation of Asio's is awaited: see `asio.hpp`.
inline constexpr use_task_t use_task{};

namespace detail {

template <class... Values>
struct asio_values {
  using type = std::tuple<std::decay_t<Values>...>;
};
template <class Value>
struct asio_values<Value> {
  using type = std::decay_t<Value>;
};
template <>
struct asio_values<> {
  using type = void;
};

/// What an await gives for a completion signature.
template <class ErrorCode, class... Args>
struct asio_value {
  static constexpr bool has_error = false;
  using type = typename asio_values<Args...>::type;
};
template <class ErrorCode, class First, class... Rest>
  requires(std::same_as<std::decay_t<First>, ErrorCode>
           || std::same_as<std::decay_t<First>, std::exception_ptr>)
struct asio_value<ErrorCode, First, Rest...> {
  static constexpr bool has_error = true;
  using type = typename asio_values<Rest...>::type;
};

struct no_signal {};

/// Shared by the completion handler and what cancels it.
template <class Library, class T>
class asio_operation {
  using signal_type
      = std::conditional_t<std::is_void_v<typename Library::signal>, no_signal, typename Library::signal>;

public:
  /// `executor`: that on which it is cancelled, or null.
  explicit asio_operation(resumer<T> resume, std::shared_ptr<const void> executor = nullptr) noexcept
      : resume_(std::move(resume)), executor_(std::move(executor)) {}

  /// The handler is called, or destroyed: nothing is cancelled from now on. The executor goes here, where its
  /// context is still there; the body may go on when that is gone.
  resumer<T> close() noexcept {
    std::shared_ptr<const void> gone;
    const std::lock_guard lock{mutex_};
    open_ = false;
    gone = std::move(executor_);
    return std::move(resume_);
  }
  template <class F>
  void if_open(F&& what) {
    const std::lock_guard lock{mutex_};
    if (open_)
      std::forward<F>(what)();
  }
  signal_type signal;

private:
  std::recursive_mutex mutex_; // what is cancelled may complete within the call
  bool open_ = true;
  resumer<T> resume_;
  std::shared_ptr<const void> executor_;
};

/// Calls `what` on `executor`, unless the operation is over by then.
template <class Library, class T, class Executor, class F>
void cancel_on(const std::weak_ptr<const Executor>& executor,
               const std::shared_ptr<asio_operation<Library, T>>& which, F what) {
  which->if_open([&] { // else the executor's context may be gone
    const auto there = executor.lock();
    if (!there)
      return;
    Library::post(*there, [which, what = std::move(what)]() mutable {
      which->if_open([&] {
        try {
          what(*which);
        } catch (...) { // as if it couldn't be cancelled
        }
      });
    });
  });
}

/// Where Asio looks for a cancellation slot: nowhere, unless there are any.
template <class Library, class T, class Slot>
class asio_slot {
public:
  using cancellation_slot_type = Slot;
  Slot get_cancellation_slot() const noexcept { return operation_ ? operation_->signal.slot() : Slot{}; }

protected:
  std::shared_ptr<asio_operation<Library, T>> operation_;
};
template <class Library, class T>
class asio_slot<Library, T, void> {
protected:
  std::shared_ptr<asio_operation<Library, T>> operation_;
};

/// The completion handler.
template <class Library, class T, class Slot, class... Args>
class asio_handler : public asio_slot<Library, T, Slot> {
public:
  explicit asio_handler(std::shared_ptr<asio_operation<Library, T>> operation) noexcept {
    this->operation_ = std::move(operation);
  }
  asio_handler(asio_handler&& other) noexcept { this->operation_ = std::move(other.operation_); }
  asio_handler& operator=(asio_handler&&) = delete;
  ~asio_handler() {
    if (this->operation_)
      static_cast<void>(this->operation_->close()); // and nobody will resume it
  }

  void operator()(Args... args) {
    const auto resume = std::exchange(this->operation_, nullptr)->close();
    try {
      if constexpr (asio_value<typename Library::error_code, Args...>::has_error)
        after_error(resume, std::forward<Args>(args)...);
      else
        finish(resume, std::forward<Args>(args)...);
    } catch (...) { // by a value's move
      resume(std::current_exception());
    }
  }

private:
  static std::exception_ptr thrown(const typename Library::error_code& code) {
    return code ? std::make_exception_ptr(std::system_error{static_cast<std::error_code>(code)}) : nullptr;
  }
  static std::exception_ptr thrown(std::exception_ptr error) noexcept { return error; }

  template <class Error, class... Values>
  static void after_error(const resumer<T>& resume, Error&& error, Values&&... values) {
    if (auto what = thrown(std::forward<Error>(error)))
      resume(std::move(what));
    else
      finish(resume, std::forward<Values>(values)...);
  }
  template <class... Values>
  static void finish(const resumer<T>& resume, Values&&... values) {
    if constexpr (std::is_void_v<T>)
      resume();
    else
      resume(T(std::forward<Values>(values)...));
  }
};

/// Begins an operation: what Asio has handed over for it, until then.
template <class Library, class Token, class T, class Signature, class Initiation, class... Inits>
class asio_start;
template <class Library, class Token, class T, class... Args, class Initiation, class... Inits>
class asio_start<Library, Token, T, void(Args...), Initiation, Inits...> {
  using operation = asio_operation<Library, T>;
  /// An operation that doesn't name its executor can't be cancelled by a slot: Asio wants that done there.
  static constexpr bool by_slot = std::same_as<Token, use_task_t> && !std::is_void_v<typename Library::signal>
                                  && requires(const Initiation& initiation) { initiation.get_executor(); };
  using slot = std::conditional_t<by_slot, typename Library::slot, void>;
  using handler = asio_handler<Library, T, slot, Args...>;

public:
  template <class I, class... Is>
  asio_start(Token token, I&& initiation, Is&&... inits)
      : token_(token), initiation_(std::forward<I>(initiation)), inits_(std::forward<Is>(inits)...) {}

  auto operator()(resumer<T> resume) {
    if (std::exchange(begun_, true))
      refuse_second_await();
    if constexpr (by_slot) {
      const auto executor = shared(initiation_.get_executor());
      const auto which = std::make_shared<operation>(std::move(resume), executor);
      begin(which);
      return [which, where = std::weak_ptr(executor)] {
        cancel_on(where, which, [](operation& of) { Library::emit(of.signal); });
      };
    } else if constexpr (!std::same_as<Token, use_task_t>) {
      const auto executor = shared(token_.object->get_executor());
      const auto which = std::make_shared<operation>(std::move(resume), executor);
      begin(which);
      return [which, where = std::weak_ptr(executor), object = token_.object] {
        cancel_on(where, which, [object](operation&) { object->cancel(); });
      };
    } else {
      begin(std::make_shared<operation>(std::move(resume)));
    }
  }

private:
  template <class Executor>
  static auto shared(Executor&& executor) {
    return std::make_shared<const std::decay_t<Executor>>(std::forward<Executor>(executor));
  }
  void begin(const std::shared_ptr<operation>& which) {
    Initiation started(std::move(initiation_)); // it has an executor, which isn't to stay in the frame
    std::apply([&](Inits&... inits) { std::move(started)(handler{which}, std::move(inits)...); }, inits_);
  }

  Token token_;
  Initiation initiation_;
  std::tuple<Inits...> inits_;
  bool begun_ = false;
};

/// Base of the specialisations of `async_result`.
template <class Library, class Token, class... Args>
class asio_result {
  using value = typename asio_value<typename Library::error_code, Args...>::type;

public:
  template <class Initiation, class... Inits>
  static auto initiate(Initiation&& initiation, Token token, Inits&&... inits) {
    using start
        = asio_start<Library, Token, value, void(Args...), std::decay_t<Initiation>, std::decay_t<Inits>...>;
    return callback_await<value, start>{
        start{token, std::forward<Initiation>(initiation), std::forward<Inits>(inits)...}, {}};
  }
};

} // namespace detail

} // namespace taskactor
