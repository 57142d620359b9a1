// Each line is a case, with its sentence behind it.
// clang-format off
// Awaits, results and calls on threads that are refused: what follows `//!` is the sentence, or its beginning.
#include <taskactor/acquire.hpp>
#include <taskactor/taskactor.hpp>

#include <coroutine>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace {

// -- what other libraries have ----------------------------------------------
struct resumes_anything {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> self) const { self.resume(); }
  int await_resume() const noexcept { return 1; }
};
struct resumes_any_promise {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise>) const noexcept {
    return true;
  }
  void await_resume() const noexcept {}
};
struct resumes_shapely_promise {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
    requires requires(Promise& promise) { promise.unhandled_exception(), promise.return_void(); }
  auto await_suspend(std::coroutine_handle<Promise> self) const noexcept {
    return self;
  }
  void await_resume() const noexcept {}
};
struct own_promise_only {
  struct promise_type;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<promise_type>) const noexcept {}
  void await_resume() const noexcept {}
};
struct with_member_operator {
  resumes_anything operator co_await() const noexcept { return {}; }
};
struct with_free_operator {};
resumes_anything operator co_await(const with_free_operator&) noexcept { return {}; }
struct wraps_ours {
  decltype(ta::yield()) inner;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return inner.await_suspend(self);
  }
  void await_resume() const {}
};
struct tag {};

ta::task<int> part(int n) { co_return n; }
ta::task<void> plain() { co_return; }
ta::async_generator<int> numbers() { co_yield 1; }
const ta::task<int> constant() { return part(1); }

struct immovable {
  immovable() = default;
  immovable(const immovable&) = delete;
};

} // namespace

ta::task<int> awaits(ta::task_manager& tasks, ta::task<int> given, ta::handle<int> handle) {
  co_await resumes_anything{};              //! co_await: this isn't an awaitable of taskactor's
  co_await resumes_any_promise{};           //! co_await: this isn't an awaitable of taskactor's
  co_await resumes_shapely_promise{};       //! co_await: this isn't an awaitable of taskactor's
  co_await own_promise_only{};              //! co_await: this isn't an awaitable of taskactor's
  co_await with_member_operator{};          //! co_await: this isn't an awaitable of taskactor's
  co_await with_free_operator{};            //! co_await: this isn't an awaitable of taskactor's
  co_await wraps_ours{};                    //! co_await: this isn't an awaitable of taskactor's
  co_await std::suspend_always{};           //! co_await: this isn't an awaitable of taskactor's
  co_await std::future<int>{};              //! co_await: this isn't an awaitable of taskactor's
  co_await 1s;                              //! co_await: this isn't an awaitable of taskactor's
  const int sum = co_await std::string{};   //! co_await: this isn't an awaitable of taskactor's
  resumes_anything named;
  co_await named;                           //! co_await: this isn't an awaitable of taskactor's
  co_await std::as_const(named);             //! co_await: this isn't an awaitable of taskactor's
  co_await given;                           //! co_await: a task that has a name is awaited once, by
  co_await constant();                      //! co_await: a task that has a name is awaited once, by
  co_await numbers();                       //! co_await: a generator is asked for its next value
  auto generator = numbers();
  co_await generator;                       //! co_await: a generator is asked for its next value
  co_await tasks.add_task({}, plain);       //! co_await: the task may have been refused
  co_await part;                            //! co_await: this is a function that isn't called
  co_await &part;                           //! co_await: this is a function that isn't called
  co_await std::suspend_never{};
  co_await std::move(given);
  co_await handle;
  co_return sum;
}
ta::async_generator<int> in_a_generator() {
  co_await tag{};                           //! co_await: this isn't an awaitable of taskactor's
}

ta::task<int> returns_text() { co_return std::string{}; } //! co_return: the value doesn't convert
ta::task<std::unique_ptr<int>> returns_pointer() { co_return new int; } //! co_return: the value doesn't convert
ta::async_generator<int> yields_text() { co_yield std::string{}; } //! co_yield: the value doesn't convert

ta::task<void> on_threads(ta::task_manager& tasks, ta::task<int> given) {
  std::unique_ptr<int> unique;
  co_await ta::run_in_thread(part, 1);                      //! run_in_thread: the function is a coroutine
  co_await ta::run_in_thread([] { return plain(); });       //! run_in_thread: the function is a coroutine
  co_await ta::run_in_thread([](std::stop_token) { return part(2); }); //! run_in_thread: the function is a coroutine
  co_await ta::run_in_thread([] { return ta::sleep_for(1s); });        //! run_in_thread: the function's result would
  co_await ta::run_in_thread(numbers);                      //! run_in_thread: the function's result would
  co_await ta::run_in_thread(std::move(given));             //! run_in_thread: a task is a coroutine
  co_await ta::run_in_thread([](int) {}, "one");            //! run_in_thread: the function can't be called with these
  co_await ta::run_in_thread([](int) {});                   //! run_in_thread: the function can't be called with these
  co_await ta::run_in_thread([](int&) {}, 1);               //! run_in_thread: the function can't be called with these
  co_await ta::run_in_thread([]() -> int& { throw 1; });    //! run_in_thread: the function's result is a reference
  co_await ta::run_in_thread([] { return immovable{}; });   //! run_in_thread: the function's result has to be
  co_await ta::run_in_thread([](std::unique_ptr<int>) {}, unique); //! run_in_thread: an argument can't be copied
  auto holds = [p = std::move(unique)] {};
  co_await ta::run_in_thread(holds);                        //! run_in_thread: the function can't be copied
  tasks.run_in_thread({}, part, 1L).value().get();          //! run_in_thread: the function is a coroutine
  tasks.run_in_thread({}, [](int) {}, "one").value().get(); //! run_in_thread: the function can't be called with these
}
