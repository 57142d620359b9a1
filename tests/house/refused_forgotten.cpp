// Each line is a case, with its sentence behind it.
// clang-format off
// Awaits that were forgotten: each is a warning, here an error. See check_refusals.py.
#include <taskactor/run_command.hpp>
#include <taskactor/acquire.hpp>
#include <taskactor/actors/request.hpp>
#include <taskactor/actors/service_request.hpp>
#include <taskactor/taskactor.hpp>

#include <caf/all.hpp>

#include <utility>
#include <vector>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace {

ta::task<int> part(int n) { co_return n; }
ta::async_generator<int> numbers() { co_yield 1; }
void plain() {}

} // namespace

ta::task<void> forgets(ta::task_manager& tasks, ta::handle<int> handle, caf::actor actor, ta::service service) {
  auto body = [](ta::task_group&) -> ta::task<void> { co_return; };
  auto generator = numbers();
  part(1);                                              //! ignoring return
  numbers();                                            //! ignoring return
  generator.next();                                     //! ignoring return
  ta::sleep_for(1s);                                    //! ignoring return
  ta::sleep_until(std::chrono::steady_clock::now());    //! ignoring return
  ta::yield();                                          //! ignoring return
  ta::run_in_thread(plain);                             //! ignoring return
  ta::run_command({"true"});                            //! ignoring return
  ta::acquire("db");                                    //! ignoring return
  ta::fail_after(1s, part(1));                          //! ignoring return
  ta::fail_at(std::chrono::steady_clock::now(), part(1)); //! ignoring return
  ta::move_on_after(1s, part(1));                       //! ignoring return
  ta::move_on_at(std::chrono::steady_clock::now(), part(1)); //! ignoring return
  ta::shield(part(1));                                  //! ignoring return
  ta::race(part(1), part(2));                           //! ignoring return
  ta::when_all(part(1), part(2));                       //! ignoring return
  ta::with_group(body);                                 //! ignoring return
  ta::gather({}, part, std::vector{1});                 //! ignoring return
  ta::as_completed({}, part, std::vector{1});           //! ignoring return
  ta::request<int>(actor, 1s, 1);                       //! ignoring return
  ta::request<int>(service, 1s, 1);                     //! ignoring return
  handle.operator co_await();                           //! ignoring return
  part(1).operator co_await();                          //! ignoring return
  tasks.add_task({}, part, 1);                          //! ignoring return
  co_await part(1);
}
