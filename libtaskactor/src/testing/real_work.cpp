#include "testing/real_work.hpp"

#include "capacity/limiter_queue.hpp"
#include "lifecycle/manager_core.hpp"

#include <algorithm>
#include <thread>

namespace taskactor::testing {

real_work::real_work(detail::manager_core& home, const fault_plan& plan) : home_(home), plan_(plan) {
  home_.thread_queue().count_ending(ending_);
  home_.process_queue().count_ending(ending_);
}

std::size_t real_work::count(detail::time_point now) {
  const auto all = home_.thread_queue().at_work() + home_.process_queue().statistics().in_use;
  while (*ending_ != 0) // looked at after the tokens: what holds none any more is about to wake somebody
    std::this_thread::yield();
  return all - std::min(all, plan_.lost_calls() + blocked_in_turn_ + blocked_.count(now))
         + home_.busy_threads;
}

} // namespace taskactor::testing
