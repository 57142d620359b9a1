#include "sleepers.hpp"
#include "works.hpp"

namespace bench {

sample run_cancel(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{room_for(size, scheduler_threads)};
  sleepers all{tasks, size};
  const stopwatch watch;
  all.cancel();
  return watch.read();
}

} // namespace bench
