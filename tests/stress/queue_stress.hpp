/// What the stress tests of queues share: what bodies note, and the processes whose runners run them.
#pragma once

#include <taskactor/queue.hpp>
#include <taskactor/taskactor.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <sys/types.h>

namespace queue_stress {

namespace ta = taskactor;
using namespace std::chrono_literals;

using dice = std::minstd_rand;

struct test_options {
  std::uint32_t seed = 1;
  std::size_t count = 0;     // zero: as the short form has it
  std::chrono::seconds time; // of `four`
  bool is_long = false;      // some of these was given
};

/// Each returns what was wrong; empty: nothing.
std::vector<std::string> stopped(const test_options& options);
std::vector<std::string> limits(const test_options& options);
std::vector<std::string> kills(const test_options& options);
std::vector<std::string> four(const test_options& options);
std::vector<std::string> day(const test_options& options);

// -- what bodies note -------------------------------------------------------

/// A life is a process from its start to its end; numbers from one. Zero: killed before it could say.
using life_number = std::uint32_t;

struct body_note {
  std::atomic<life_number> life;
  std::atomic<std::uint32_t> has_ended;
};
inline constexpr std::size_t most_begins = 6, most_jobs = 1 << 18, most_lives = 1 << 12;

struct job_note {
  std::atomic<std::uint32_t> begins;
  std::array<body_note, most_begins> bodies;
};

/// In a file that all processes have mapped, so that what a body has noted stays when its process is killed.
/// A file is zeros at first, and so is this.
struct notes {
  std::atomic<std::uint32_t> pushed; // numbers of jobs that are given away
  std::atomic<std::uint32_t> ended;  // bodies
  std::atomic<std::uint32_t> go;     // bodies that hold on may end
  std::atomic<std::uint32_t> fenced; // looks at a runner that found it fenced
  std::atomic<std::uint32_t> failed_calls;
  std::atomic<std::uint32_t> together; // bodies that weren't alone under a limit of one
  std::array<std::atomic<std::uint32_t>, 3> under;
  std::array<std::atomic<std::uint32_t>, most_lives> begun_by; // lives
  std::array<std::atomic<std::uint32_t>, 10'000> calls;        // of a store, by milliseconds
  std::array<job_note, most_jobs> jobs;
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free); // several processes have them

class shared_notes {
public:
  explicit shared_notes(const std::string& folder);
  shared_notes(const shared_notes&) = delete;
  shared_notes& operator=(const shared_notes&) = delete;
  ~shared_notes();
  notes* operator->() const noexcept { return notes_; }
  notes& operator*() const noexcept { return *notes_; }

private:
  notes* notes_;
};

/// Gone at the end, with the store in it.
class test_folder {
public:
  test_folder();
  test_folder(const test_folder&) = delete;
  test_folder& operator=(const test_folder&) = delete;
  ~test_folder();
  const std::string& path() const noexcept { return path_; }
  std::string store() const { return path_ + "/jobs.db"; }

private:
  std::string path_;
};

// -- jobs -------------------------------------------------------------------

inline constexpr std::array<const char*, 3> limit_names{"first", "second", "third"};

/// Sleeps.
ta::task<int> brief(int number, int milliseconds);
/// Is alone under those of `limit_names` whose bits are set, or notes that it isn't.
ta::task<int> limited(int number, int bits, int milliseconds);
/// Hold on until `notes::go`; when they are run again, they don't. A thread can't be made to end earlier.
ta::task<int> held(int number);
int held_on_thread(std::stop_token, int number); // NOLINT: as registered functions take it

// -- processes --------------------------------------------------------------

struct process_plan {
  std::string name = "runner";
  std::size_t runners = 1, slots = 4; // of one process; of a runner
  std::chrono::milliseconds lease = 30s, beat = 250ms;
  bool calls_too = false; // pushes and looks besides, and notes how long that takes
};

/// Processes with runners for the store of one folder, by their places.
class runner_processes {
public:
  explicit runner_processes(std::string folder) : folder_(std::move(folder)) {}
  runner_processes(const runner_processes&) = delete;
  runner_processes& operator=(const runner_processes&) = delete;
  ~runner_processes();

  life_number start(std::size_t place, const process_plan& plan);
  /// SIGKILL. Its life.
  life_number kill(std::size_t place);
  void signal(std::size_t place, int number) const;
  /// SIGTERM; what was wrong is added to `faults`.
  void end(std::size_t place, std::vector<std::string>& faults);

private:
  struct process {
    pid_t id = 0;
    life_number life = 0;
  };
  std::string folder_;
  life_number last_life_ = 0;
  std::map<std::size_t, process> processes_;
};

/// The process: `words` are of `runner_processes::start`.
int be_runner(const std::vector<std::string>& words);

// -- looking ----------------------------------------------------------------

/// Waits for a fact that other processes make; false: it didn't come in two minutes.
template <class Fact>
bool comes_true(const Fact& fact, std::chrono::seconds limit = 120s);

ta::store_counters counters_of(const ta::store& jobs);
/// All jobs, by the numbers that bodies know them by.
std::map<int, ta::job_info> all_jobs(const ta::store& jobs, const std::map<ta::job_id, int>& numbers);
/// Of a store at which nobody works any more.
void check_at_rest(const ta::store& jobs, std::vector<std::string>& faults);

void expect(std::vector<std::string>& faults, const std::string& what, std::uint64_t got,
            std::uint64_t wanted);

void wait_a_moment(std::chrono::milliseconds time);

template <class Fact>
bool comes_true(const Fact& fact, std::chrono::seconds limit) {
  for (const auto end = std::chrono::steady_clock::now() + limit; !fact(); wait_a_moment(5ms))
    if (std::chrono::steady_clock::now() > end)
      return false;
  return true;
}

} // namespace queue_stress
