/// What the stress tests share: the random mixture of tasks, and what is measured of the process.
#pragma once

#include <taskactor/taskactor.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace stress {

namespace ta = taskactor;
using namespace std::chrono_literals;

/// Small, and the same on every machine: a seed means the same mixture everywhere.
using dice = std::minstd_rand;

inline unsigned roll(dice& random, unsigned sides) { return static_cast<unsigned>(random() % sides); }
inline std::chrono::microseconds moment(dice& random, unsigned most) {
  return std::chrono::microseconds{roll(random, most + 1)};
}

/// An argument of each body: as many are alive as there are bodies, or copies kept for another attempt.
class witness {
public:
  witness() noexcept { alive.fetch_add(1, std::memory_order_relaxed); }
  witness(const witness&) noexcept : witness() {}
  witness& operator=(const witness&) = default;
  ~witness() { alive.fetch_sub(1, std::memory_order_relaxed); }

  static inline std::atomic<std::int64_t> alive{0};
};

/// Named limiters that the mixture takes tokens of. Parents take "disk", children and `acquire` the others: a
/// parent that waits for its children doesn't hold what they wait for.
void add_limiters(ta::task_manager& tasks);
/// A body of any kind; ends by itself, by its task's timeout, or when it is cancelled or killed.
ta::task<int> any_body(std::uint32_t seed, ta::task_manager* tasks, witness alive);
/// Options of any kind, without an id.
ta::task_options any_options(dice& random);

struct soak_options {
  std::uint32_t seed = 1;
  std::size_t tasks = 0; // zero: what suits the build
};
struct flood_options {
  std::chrono::seconds time = 60s;
  std::size_t rate = 100'000; // tasks a second
};

/// Each returns what was wrong; empty: nothing.
std::vector<std::string> soak(const soak_options& options);
std::vector<std::string> shutdowns(const soak_options& options);
std::vector<std::string> flood(const flood_options& options);
std::vector<std::string> faults(const soak_options& options);
std::vector<std::string> deaths(const soak_options& options);
std::vector<std::string> wakes(std::chrono::seconds time);
std::vector<std::string> owners(std::uint32_t seed, std::chrono::seconds time);
std::vector<std::string> groups(std::uint32_t seed, std::chrono::seconds time);
std::vector<std::string> workers(const soak_options& options, std::chrono::seconds time);

/// A number of this process's /proc/self/status: "VmRSS" (kilobytes), "Threads".
std::size_t status_field(const std::string& name);
/// Resident memory in kilobytes, without what malloc keeps for later.
std::size_t resident_kilobytes();

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true; // several times slower, and memory isn't given back
#else
inline constexpr bool sanitized = false;
#endif

/// How much the resident memory may differ between two quiet moments: the heaps and stacks of a few dozen
/// threads, and events that wait for the observer. A leak of 100 bytes a task shows after 160,000 tasks.
inline constexpr std::size_t resident_slack_kilobytes = 16 * 1024;

} // namespace stress
