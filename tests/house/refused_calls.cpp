// Each line is a case, with its sentence behind it.
// clang-format off
// Tasks, gathers, groups, scopes, races and requests that are refused: see check_refusals.py.
#include <taskactor/node/run_on_node.hpp>
#include <taskactor/actors/request.hpp>
#include <taskactor/actors/supervisor.hpp>
#include <taskactor/taskactor.hpp>

#include <caf/all.hpp>

#include <coroutine>
#include <future>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace {

ta::task<int> fetch(std::string url) { co_return static_cast<int>(url.size()); }
ta::task<void> nothing() { co_return; }
ta::async_generator<int> numbers() { co_yield 1; }

struct immovable {
  immovable() = default;
  immovable(const immovable&) = delete;
};
struct throws_when_gone {
  ~throws_when_gone() noexcept(false) {}
};
struct unknown_message {
  int n;
};
std::vector<std::string> urls;
std::vector<std::unique_ptr<int>> unique_ones;

} // namespace

void tasks(ta::task_manager& tasks, ta::task_options options) {
  std::unique_ptr<int> one;
  const auto holds = [p = std::move(one)] {};
  tasks.add_task({}, fetch, 1, 2).value();                    //! the body: it can't be called with these arguments
  tasks.add_task({}, fetch);                                  //! the body: it can't be called with these arguments
  tasks.add_task(options, [](int) {}, "one").value().get();   //! the body: it can't be called with these arguments
  tasks.add_task({}, [](int&) {}, 1);                         //! the body: it can't be called with these arguments
  tasks.add_task({}, [](std::stop_token) {});                 //! the body: only a call on a thread is given
  tasks.add_task({}, 5);                                      //! the body: it can't be called with these arguments
  tasks.add_task({}, fetch(""));                              //! the body: this is a task, made by a call
  tasks.add_task({}, []() -> int& { throw 1; });              //! the body: its result is a reference
  tasks.add_task({}, [] { return ta::sleep_for(1s); });       //! the body: its result would have to be awaited
  tasks.add_task({}, numbers).value().get();                  //! the body: its result would have to be awaited
  tasks.add_task({}, []() -> ta::task<ta::task<int>> { throw 1; }); //! the body: its result would have to be awaited
  tasks.add_task({}, [] { return throws_when_gone{}; });      //! the body: its result has to be void, or
  tasks.add_task({}, [] { return immovable{}; });             //! the body: its result has to be void, or
  tasks.add_task({}, holds);                                  //! the body: it can't be copied
  tasks.add_task({}, [](std::unique_ptr<int>) {}, one);       //! an argument of the body: it can't be copied
  tasks.add_task(fetch, "url");                               //! the options: they come first
  tasks.add_task([] {});                                      //! the options: they come first
  tasks.add_task(5s, fetch, "url").value().get();             //! the options: they come first
}

void gathers(ta::task_manager& tasks) {
  tasks.gather({}, [](int) {}, urls);                         //! the body: it can't be called with one item
  tasks.gather({}, [](std::string&) {}, urls);                //! the body: it can't be called with one item
  tasks.gather({}, [] {}, urls);                              //! the body: it can't be called with one item
  tasks.gather({}, fetch("x"), urls);                         //! the body: this is a task, made by a call
  tasks.gather({}, urls, fetch);                              //! the items: this isn't a range
  for (auto& one : tasks.gather({}, fetch, 5))                //! the items: this isn't a range
    one.value();
  tasks.gather({}, [](std::unique_ptr<int>) {}, unique_ones); //! the items: they can't be copied
  tasks.gather({}, [](std::string) -> int& { throw 1; }, urls);       //! the body: its result is a reference
  tasks.gather({}, [](std::string) { return ta::yield(); }, urls);    //! the body: its result would have to be awaited
  tasks.gather({}, [](std::string) { return immovable{}; }, urls);    //! the body: its result has to be void
  tasks.gather([](std::string) {}, urls);                     //! the options: they come first
  tasks.gather_each({}, [](int) {}, urls, [](std::size_t, ta::outcome<int>) {}); //! the body: it can't be called with one
  tasks.gather_each({}, fetch, urls, [](ta::outcome<int>) {});        //! the sink: it can't be called
  tasks.gather_each({}, fetch, urls, [](std::size_t, int) {});        //! the sink: it can't be called
  tasks.gather_each({}, fetch, 5L, [](std::size_t, int) {});          //! the items: this isn't a range
  tasks.gather_each([](std::string) {}, urls, [](std::size_t, int) {}); //! the options: they come first
  (void)ta::as_completed({}, [](char*) {}, urls);             //! the body: it can't be called with one item
  (void)ta::as_completed({}, fetch, 5.0);                     //! the items: this isn't a range
  (void)ta::as_completed([](std::string) {}, urls);           //! the options: they come first
}

ta::task<void> in_tasks(std::string text) {
  co_await ta::gather({}, [](char) {}, urls);                 //! the body: it can't be called with one item
  auto all = co_await ta::gather({}, fetch, 'x');             //! the items: this isn't a range
  co_await ta::gather([](std::string) {}, urls);              //! the options: they come first
  const auto group_body = [](ta::task_group& group) -> ta::task<void> {
    group.add_task({}, fetch, 1L).value();                    //! the body: it can't be called with these arguments
    group.start([](long) {});                                 //! the body: it can't be called with these arguments
    group.start(nothing());                                   //! the body: this is a task, made by a call
    group.add_task(nothing);                                  //! the options: they come first
    co_return;
  };
  co_await ta::with_group(group_body);
  co_await ta::with_group([]() -> ta::task<void> { co_return; });     //! the body: a group's body is a coroutine function
  co_await ta::with_group([](ta::task_group&) {});            //! the body: a group's body has to give a task
  co_await ta::with_group(nothing());                         //! the body: a group's body is a coroutine function
  auto named = fetch("");
  co_await ta::fail_after(1s, named);                         //! the body: a task that has a name is given by
  co_await ta::move_on_after(1s, 5);                          //! the body: give a task, an awaitable of taskactor's
  co_await ta::shield(fetch);                                 //! the body: give a task, an awaitable of taskactor's
  co_await ta::shield([](int) -> ta::task<void> { co_return; });      //! the body: give a task, an awaitable of
  co_await ta::fail_after(1s, [] { return 1; });              //! the body: what the function gives can't be awaited
  co_await ta::fail_after(1s, [] {});                         //! the body: what the function gives can't be awaited
  co_await ta::fail_after(1s, std::suspend_always{});         //! the body: give a task, an awaitable of taskactor's
  co_await ta::move_on_after(1s, numbers());                  //! the body: a generator is asked for its next value
  co_await ta::race(nothing(), 'x');                          //! the body: give a task, an awaitable of taskactor's
  co_await ta::when_all(nothing(), [] { return 'x'; });       //! the body: what the function gives can't be awaited
  const auto needs_text = [text](int) {};
  co_await ta::gather({}, needs_text, std::vector<int>(3));
}

ta::task<void> requests(caf::actor actor, ta::task_manager& tasks, ta::handle<int> handle) {
  co_await ta::request<int>(tasks, 2s, 1);                    //! request: the actor: give a caf::actor
  co_await ta::request<int>(handle, 2s, 1);                   //! request: the actor: give a caf::actor
  co_await ta::request<int>(5, 2s, 1);                        //! request: the actor: give a caf::actor
  co_await ta::request<unknown_message>(actor, 2s, 1);        //! request: the reply: each type in
  unknown_message message{1};
  co_await ta::request<int>(actor, 2s, message);              //! request: the message: each of its types
  co_await ta::request<int>(actor, "key");                    //! request: the timeout: a duration
  co_await ta::request<int>(actor, 1, 2);                     //! request: the timeout: a duration
}

struct foreign {
  bool await_ready() const noexcept;
  void await_suspend(std::coroutine_handle<>) const noexcept;
  throws_when_gone await_resume() const noexcept;
};
struct of_its_own_library {
  struct coroutine;
  bool await_ready() const noexcept;
  void await_suspend(std::coroutine_handle<coroutine>) const noexcept;
  void await_resume() const noexcept;
};

ta::task<void> the_world(std::string text, std::future<int> future) {
  co_await ta::callback<int>([](int) {});                     //! callback: `start` is called with what resumes
  co_await ta::callback<int>([](ta::resumer<char*>) {});      //! callback: `start` is called with what resumes
  co_await ta::callback<int&>([](auto) {});                   //! callback: what it gives is void, or a movable
  co_await ta::callback<std::exception_ptr>([](auto) {});     //! callback: what it gives is void, or a movable
  co_await ta::callback([](ta::resumer<void>) { return 5; }); //! callback: `start` returns how to cancel
  co_await ta::callback([](ta::resumer<void>) { return nothing(); }); //! callback: `start` is a coroutine
  const auto begins = [p = std::make_unique<int>()](ta::resumer<void>) {};
  co_await ta::callback(begins);                              //! callback: `start` can't be copied
  co_await ta::adapt(text);                                   //! adapt: this can't be awaited in any coroutine
  co_await ta::adapt(of_its_own_library{});                   //! adapt: this can't be awaited in any coroutine
  co_await ta::adapt(foreign{});                              //! adapt: what it gives can't be moved, or has a
  co_await ta::adapt(nothing());                              //! adapt: this is an awaitable of taskactor's
  co_await ta::adapt(ta::sleep_for(1s));                      //! adapt: this is an awaitable of taskactor's
  co_await ta::adapt(future);                                 //! adapt: a future that has a name
}

int two(int, const std::string&);
int by_pointer(int*);
int by_reference(int&);

ta::task<void> processes(ta::task_manager& tasks, ta::node& node) {
  int n = 0;
  co_await ta::run_in_process([](int) {}, 1);                 //! run_in_process: the function: only a free function
  co_await ta::run_in_process(fetch("x"));                    //! run_in_process: the function: only a free function
  co_await ta::run_in_process(two, 1);                        //! run_in_process: the function is given another number
  co_await ta::run_in_process(two, "x", 1);                   //! run_in_process: an argument can't be converted
  co_await ta::run_in_process(by_pointer, &n);                //! run_in_process: the function's parameters have to be
  co_await ta::run_in_process(by_reference, n);               //! run_in_process: the function's parameters have to be
  co_await ta::run_in_process(ta::capture_output([] {}));     //! run_in_process: the function: only a free function
  tasks.run_in_process({}, [](long) {}, 1).value();           //! run_in_process: the function: only a free function
  tasks.run_in_process({}, two, 1L).value().get();            //! run_in_process: the function is given another number
  co_await ta::run_on_node(node, ta::on_any(), [] {});        //! run_in_process: the function: only a free function
  co_await ta::run_on_node(node, ta::on_any(), two, 1U);      //! run_in_process: the function is given another number
}

void children() {
  (void)ta::child_task({}, fetch, 5);                         //! the body: a child's body can't be called
  (void)ta::child_task({}, ta::task_options{}, fetch);        //! the body: a child's body can't be called
  (void)ta::child_task({}, [p = std::make_unique<int>()] {}); //! the body: a child is run more than once
  (void)ta::child_task({}, [](const std::unique_ptr<int>&) {}, std::unique_ptr<int>{}); //! an argument of the body: a child
  (void)ta::child_task({}, [](ta::service_start) -> int& { throw 1; }); //! the body: its result has to be
  (void)ta::child_actor({}, [](int) { return caf::actor{}; });          //! the function: it is called with
  (void)ta::child_actor({}, [] { return 5; });                //! the function: it has to give an actor
  (void)ta::child_actor({}, [] {});                           //! the function: it has to give an actor
}
