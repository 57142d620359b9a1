/// `end_waits`: who waits for the end of a job. Told at once of those that this process ends (`ended`), and
/// of all others when somebody has looked: as one of them is added, when there is a hint of others' changes,
/// and once a second. One look at a time, at up to 500 jobs; it reads no more of those that go on than their
/// state. Threads: any.
#pragma once

#include "queue/store_backend.hpp"
#include "queue/told.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace taskactor::detail {

class store_engine;
class store_request;

class end_waits {
public:
  /// After so many looks in a row that fail, who waits is told.
  end_waits(store_engine& of, std::size_t most_failures) noexcept : of_(of), most_failures_(most_failures) {}

  /// See `store_core::wait_for_end`. `keeps` as long as what is returned, which ends it.
  static std::shared_ptr<void> add(const std::shared_ptr<store_engine>& keeps, job_id which,
                                   told<job_ended> tell);
  void ended(job_id which, const job_ended& how);
  /// `may_wait`: another look will follow.
  void look_at_all(bool may_wait);
  void look_at(const std::vector<job_id>& which);
  bool empty() noexcept;

private:
  struct wait {
    told<job_ended> tell;
  };
  using waits = std::vector<std::shared_ptr<wait>>;

  void remove(job_id which, const std::shared_ptr<wait>& one) noexcept;
  waits take(job_id which);
  void tell(job_id which, const expected<job_ended>& how) noexcept;
  /// Under the lock: it is among those of a look that comes.
  void mark(job_id which);
  /// If it throws, all is as it was.
  void look();
  std::shared_ptr<store_request> look_at_states(const std::vector<job_id>& which);
  void on_states(const std::vector<job_id>& asked, const expected<std::vector<job_info>>& found);
  void on_details(const std::vector<job_id>& asked, const expected<std::vector<job_details>>& found);
  void on_failure(const std::vector<job_id>& asked, const rejection& why) noexcept;
  void look_is_over() noexcept;

  store_engine& of_;
  const std::size_t most_failures_;
  std::mutex mutex_; // what follows
  std::unordered_map<job_id, waits> waiting_;
  std::deque<job_id> to_look_;
  std::unordered_set<job_id> marked_; // in it
  bool looks_ = false;
  std::size_t failures_ = 0; // looks in a row
  std::chrono::steady_clock::time_point began_{}, not_before_{};
};

} // namespace taskactor::detail
