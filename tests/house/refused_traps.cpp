// Each line is a case, with its sentence behind it.
// clang-format off
// What g++ 12 would destroy twice, where it can be told by its type: see check_refusals.py.
#include <taskactor/taskactor.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace {

struct job {
  int n = 0;
  std::string text{};
};
struct two_jobs {
  job one{}, two{};
};

} // namespace

ta::async_generator<job> jobs(std::string text) {
  co_yield {1, text};
  co_yield {};
  co_yield {.n = 1, .text = text};   //! co_yield: g++ 12 would destroy the value of this braced list twice
}
ta::async_generator<two_jobs> pairs(std::string text) {
  co_yield {{1, text}, {2, text}};   //! co_yield: g++ 12 would destroy the value of this braced list twice
}
ta::async_generator<std::vector<int>> lists() {
  co_yield {1, 2, 3};
}

ta::task<void> lambdas(std::string text, std::shared_ptr<int> shared) {
  co_await ta::run_in_thread([text] { return text.size(); });                 //! run_in_thread: g++ 12 destroys
  co_await ta::run_in_thread([text]() mutable { text += 'x'; });              //! run_in_thread: g++ 12 destroys
  co_await ta::run_in_thread([own = std::move(text)](int n) { return n; }, 1); //! run_in_thread: g++ 12 destroys
  co_await ta::run_in_thread([](auto f) { return f(); }, [shared] { return *shared; }); //! run_in_thread: g++ 12 destroys
  co_await ta::fail_after(1s, [shared]() -> ta::task<void> { co_return; });   //! the body: g++ 12 destroys
  co_await ta::shield([shared] { return ta::sleep_for(1s); });                //! the body: g++ 12 destroys
  co_await ta::race([shared] { return ta::yield(); }, ta::sleep_for(1s));     //! the body: g++ 12 destroys
  co_await ta::gather({}, [text](int) {}, std::vector<int>(3));               //! the body: g++ 12 destroys
  co_await ta::with_group([text](ta::task_group&) -> ta::task<void> { co_return; }); //! the body: g++ 12 destroys
  const auto named = [text] { return text.size(); };
  co_await ta::run_in_thread(named);
  co_await ta::run_in_thread(std::ref(named));
  auto once = [p = std::make_unique<int>()] {};
  co_await ta::run_in_thread(std::move(once));
  co_await ta::run_in_thread([&text, n = 1] { return text.size() + n; });
  co_await ta::run_in_thread([](std::string mine) { return mine.size(); }, text);
}
