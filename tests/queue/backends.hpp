/// The stores that there are, by name, and a world to test any of them in: a clock that is set, runners, and
/// jobs that are said in few words.
#pragma once

#include "queue/job_moves.hpp"
#include "queue/store_backend.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace queue_tests {

namespace ta = taskactor;
namespace td = ta::detail;
using namespace std::chrono_literals;

using store_clock = std::function<ta::store_time()>;

struct store_kind {
  std::string name;
  /// In a folder that stays as long as it does; again: what was there, if it lasts.
  std::function<std::unique_ptr<td::store_backend>(const std::string& folder, store_clock clock)> open;
  bool lasts = false;
  bool is_far = false;   // each call is a journey: a test of very many has fewer
  bool has_edges = true; // jobs that run after others
};

/// All that are registered in this program.
inline std::vector<store_kind>& store_kinds() {
  static std::vector<store_kind> all;
  return all;
}
/// At namespace scope, in a source of this program's.
struct register_store {
  explicit register_store(store_kind kind) { store_kinds().push_back(std::move(kind)); }
};

inline const td::known_tasks task_a{{"a", ""}};

class store_world {
public:
  explicit store_world(const store_kind& kind) : kind_(kind) { open(); }
  td::store_backend* operator->() { return backend_.get(); }
  td::store_backend& operator*() { return *backend_; }
  /// As a process that ends and comes again does. Only if the kind lasts.
  void reopen() {
    backend_.reset();
    open();
  }
  bool lasts() const { return kind_.lasts; }
  bool is_far() const { return kind_.is_far; }
  bool has_edges() const { return kind_.has_edges; }
  const std::string& folder() const { return folder_.path(); }

  ta::store_time now{std::chrono::seconds{1'700'000'000}};

  // -- pushes ---------------------------------------------------------------

  static td::new_job job(std::string task = "a", std::string queue = "q") {
    td::new_job made;
    made.row.queue = std::move(queue);
    made.row.task = std::move(task);
    made.row.arguments = "[]";
    made.row.keep = std::chrono::hours{1};
    return made;
  }
  static td::new_job unique(std::string key, ta::unique_until until = ta::unique_until::ended,
                            ta::on_taken taken = ta::on_taken::keep) {
    auto made = job();
    made.unique_scope = "scope";
    made.unique_key = std::move(key);
    made.until = until;
    made.on_taken = taken;
    return made;
  }
  td::push_reply push(const td::new_job& one) { return backend_->push({&one, 1}).at(0); }
  ta::job_id id_of(const td::new_job& one) { return push(one).id; }
  std::vector<ta::job_id> push(std::size_t count, const td::new_job& one = job()) {
    const std::vector<td::new_job> all(count, one);
    std::vector<ta::job_id> ids;
    for (const auto& reply : backend_->push(all))
      ids.push_back(reply.id);
    return ids;
  }

  // -- runners --------------------------------------------------------------

  static td::runner_key runner(const std::string& name = "r") { return {name, 1}; }
  td::beat_reply beat(const std::string& name = "r", std::vector<td::claim_note> notes = {}) {
    td::runner_beat sent{.runner = runner(name)};
    sent.host = "host of " + name;
    sent.pid = 7;
    sent.tasks = known;
    sent.notes = std::move(notes);
    return backend_->renew(sent);
  }
  std::vector<td::claimed_job> claim(std::size_t free, const std::string& name = "r",
                                     std::size_t prefetch = 0) {
    return ask({{.queue = "q", .free = free, .prefetch = prefetch}}, name).jobs;
  }
  /// A runner that hasn't beaten yet does so first.
  td::claim_reply ask(std::vector<td::queue_share> shares, const std::string& name = "r") {
    if (beaten_.emplace(name, true).second)
      beat(name);
    return backend_->claim({runner(name), std::move(shares), known});
  }
  /// Claims one, which there must be.
  td::claimed_job claim_one(const std::string& name = "r") {
    auto jobs = claim(1, name);
    BOOST_REQUIRE_EQUAL(jobs.size(), 1U);
    return jobs.front();
  }
  void begin(const td::claimed_job& job, const std::string& name = "r") {
    td::claim_note note{.id = job.id, .token = job.token};
    note.begun = true;
    BOOST_TEST(!beat(name, {note}).fenced);
  }
  td::rescue_reply rescue(const std::string& name = "r") {
    td::lost_runner lost{.runner = runner(name), .beat = 0};
    for (const auto& row : backend_->runners())
      if (row.runner == lost.runner)
        lost.beat = row.beat;
    return backend_->rescue({&lost, 1});
  }

  // -- ends -----------------------------------------------------------------

  td::end_reply finish(const td::claimed_job& job, td::claim_end how, td::store_duration delay = {}) {
    return finish({.id = job.id, .token = job.token, .how = how, .delay = delay});
  }
  td::end_reply finish(const td::job_end& end, const std::string& name = "r") {
    return backend_->finish(runner(name), {&end, 1}).at(0);
  }

  // -- control, and what there is -------------------------------------------

  ta::control_reply control(td::control_verb verb, ta::job_id id) {
    return control({.verb = verb, .id = id, .name = {}, .capacity = {}, .rate = {}});
  }
  ta::control_reply control(td::control_verb verb, std::string queue) {
    return control({.verb = verb, .id = 0, .name = std::move(queue), .capacity = {}, .rate = {}});
  }
  ta::control_reply control(const td::control_action& action) {
    return backend_->control({&action, 1}).at(0);
  }
  void limit(std::string name, std::optional<std::size_t> capacity, std::optional<ta::rate> rate = {}) {
    BOOST_TEST((control({td::control_verb::set_limit, 0, std::move(name), capacity, rate})
                == ta::control_reply::done));
  }
  /// Which must be there.
  ta::job_details details(ta::job_id id) {
    auto found = backend_->find({&id, 1});
    BOOST_REQUIRE_EQUAL(found.size(), 1U);
    return found.front();
  }
  ta::job_info info(ta::job_id id) { return details(id).info; }
  ta::job_state state(ta::job_id id) { return info(id).state; }
  bool exists(ta::job_id id) { return !backend_->find({&id, 1}).empty(); }
  ta::queue_info queue(const std::string& name = "q") {
    for (auto& each : backend_->survey().queues)
      if (each.name == name)
        return each;
    return {};
  }
  ta::store_counters counters() { return backend_->survey().counters; }

  std::shared_ptr<const td::known_tasks> known = std::make_shared<const td::known_tasks>(task_a);

private:
  void open() {
    backend_ = kind_.open(folder_.path(), [this] { return now; });
  }

  store_kind kind_;
  test::temporary_directory folder_;
  std::unique_ptr<td::store_backend> backend_;
  std::map<std::string, bool> beaten_;
};

/// Runs a case in each store there is, and then looks whether its tables are in order.
inline void in_each_store(const std::function<void(store_world&)>& test) {
  BOOST_REQUIRE(!store_kinds().empty());
  for (const auto& kind : store_kinds())
    BOOST_TEST_CONTEXT("in the store " << kind.name) {
      store_world world{kind};
      test(world);
      BOOST_TEST(world->check() == std::vector<std::string>{}, boost::test_tools::per_element());
    }
}

inline std::vector<ta::job_id> ids_of(const std::vector<td::claimed_job>& jobs) {
  std::vector<ta::job_id> ids;
  for (const auto& job : jobs)
    ids.push_back(job.id);
  return ids;
}

} // namespace queue_tests

namespace taskactor::detail {

inline std::ostream& operator<<(std::ostream& out, end_reply r) {
  constexpr const char* words[]{"done", "repeated", "stale", "gone"};
  return out << words[static_cast<std::size_t>(r)];
}

} // namespace taskactor::detail
