/// Says how each job of a worker has ended, once the store knows it.
///
///     manager --a job begins--> open jobs --the store has changed--> thread: asks the store, writes a line
///
/// The worker never waits for who reads that: what comes while nobody reads is kept by its number, and beyond
/// a hundred thousand of them only counted.
#pragma once

#include <taskactor/event.hpp>
#include <taskactor/queue/job_info.hpp>
#include <taskactor/queue/store.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace taskactor {
class task_manager;
}

namespace taskactor::cli {

class end_reporter {
public:
  /// `runner`: whose jobs. Errors: `std::system_error` when there is no thread.
  end_reporter(task_manager& tasks, const store& from, std::string runner, bool as_json);
  end_reporter(const end_reporter&) = delete;
  end_reporter& operator=(const end_reporter&) = delete;
  /// Says what it can within the limit, and is left behind if nobody reads it: false.
  bool finish(std::chrono::milliseconds limit);
  /// All that there was has been written. After `finish`, if that was true.
  bool has_said_all() const noexcept { return !mute_ && !lost_some_; }
  /// Not before `finish`, which has to have been true.
  ~end_reporter();

private:
  void begin(const std::string& task_id);
  void poke();
  void speak();
  /// True: it is said, and closed.
  bool say(const job_info& what);
  void say_line(const std::string& line);

  const store store_;
  const std::string runner_;
  const bool as_json_;

  std::mutex mutex_; // what follows
  std::condition_variable changed_, done_;
  std::set<job_id> open_;
  std::size_t lost_ = 0;
  bool told_ = false, last_ = false, over_ = false;

  bool mute_ = false;      // the thread's: nobody reads any more
  bool lost_some_ = false; // the thread's

  std::shared_ptr<void> watch_;
  subscription begins_;
  std::thread thread_; // the last: it uses all of this
};

} // namespace taskactor::cli
