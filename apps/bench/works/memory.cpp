#include "sleepers.hpp"
#include "works.hpp"

namespace bench {

sample run_memory(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{room_for(size, scheduler_threads)};
  sleepers{tasks, 1}.cancel(); // what the first task brings into memory isn't the others'
  const auto before = resident_bytes();
  sleepers all{tasks, size};
  const auto after = resident_bytes();
  all.cancel();
  return {{"bytes", after - before}};
}

} // namespace bench
