/// The works of the benchmark: what is done, how often, and what ratio to AnyIO is wanted.
///
/// A work is the same for all sides: so many tasks of one kind under a task manager, from the first
/// submission until every outcome has been seen and checked. Making the manager and ending it is not counted,
/// on either side.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// One run of one work: the time on the wall, and that of all processors together.
struct sample {
  double seconds = 0;
  double cpu_seconds = 0;
};

struct work {
  std::string_view name;
  std::string_view what;
  std::size_t size;       ///< tasks of a full run: AnyIO needs seconds for them
  std::size_t quick_size; ///< tasks with --quick
  double target;          ///< times as many tasks per second as AnyIO
  sample (*run)(std::size_t size,
                std::size_t scheduler_threads); ///< on taskactor; throws when an outcome is wrong
};

const std::vector<work>& all_works();
/// Errors: `std::invalid_argument`, which names the works there are.
const work& find_work(std::string_view name);

/// Runs from its construction.
class stopwatch {
public:
  stopwatch() noexcept;
  sample read() const noexcept;

private:
  std::chrono::steady_clock::time_point started_;
  double cpu_started_;
};

/// Throws when what a task gave isn't what it was given.
void check_equal(std::size_t got, std::size_t expected);

// One file each, in works/.
sample run_add(std::size_t size, std::size_t scheduler_threads);
sample run_gather(std::size_t size, std::size_t scheduler_threads);
sample run_sleep(std::size_t size, std::size_t scheduler_threads);
sample run_thread(std::size_t size, std::size_t scheduler_threads);
sample run_process(std::size_t size, std::size_t scheduler_threads);
sample run_cold(std::size_t size, std::size_t scheduler_threads);

} // namespace bench
