/// A store whose backend is a test's: in memory, behind the store's own thread, with a word before each call.
#pragma once

#include "queue/memory_backend.hpp"
#include "queue/store_core.hpp"
#include "queue/stored_schedule.hpp"
#include "support/temporary_directory.hpp"

#include <taskactor/queue.hpp>
#include <taskactor/registry.hpp>

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace queue_tests {

namespace ta = taskactor;
namespace td = ta::detail;
using namespace std::chrono_literals;

/// What a test says of the calls, and learns of them.
struct call_hooks {
  /// On the store's thread, before each call but those that read `version`; may block or throw.
  std::function<void(const std::string& verb, std::size_t rows)> before = [](const auto&, auto) {};
  /// There, once a call of these is made, and hasn't been told.
  std::function<void(const std::string& verb)> after = [](const auto&) {};
  std::atomic<std::uint64_t> version{0};
  std::atomic<bool> gone{false}; // the backend was closed
  td::backend_opener beside{};   // of another one on the same store

  void note(const std::string& verb, std::size_t rows) {
    {
      const std::lock_guard lock{mutex_};
      calls_.emplace_back(verb, rows);
    }
    before(verb, rows);
  }
  std::vector<std::pair<std::string, std::size_t>> calls() {
    const std::lock_guard lock{mutex_};
    return calls_;
  }
  std::size_t count(const std::string& verb) {
    std::size_t n = 0;
    for (const auto& [name, rows] : calls())
      n += name == verb ? 1 : 0;
    return n;
  }

private:
  std::mutex mutex_;
  std::vector<std::pair<std::string, std::size_t>> calls_;
};

/// `inside` may be shared by several, as a file is.
class hooked_backend final : public td::store_backend {
public:
  hooked_backend(std::shared_ptr<call_hooks> hooks, std::shared_ptr<td::memory_backend> inside,
                 std::shared_ptr<std::mutex> file)
      : hooks_(std::move(hooks)), inside_(std::move(inside)), file_(std::move(file)) {}
  ~hooked_backend() override { hooks_->gone = true; }

  std::vector<td::push_reply> push(std::span<const td::new_job> jobs) override {
    return made("push", jobs.size(), [&](auto& at) { return at.push(jobs); });
  }
  td::claim_reply claim(const td::claim_request& request) override {
    return made("claim", 1, [&](auto& at) { return at.claim(request); });
  }
  std::vector<td::end_reply> finish(const td::runner_key& runner,
                                    std::span<const td::job_end> ends) override {
    return made("finish", ends.size(), [&](auto& at) { return at.finish(runner, ends); });
  }
  td::beat_reply renew(const td::runner_beat& beat) override {
    return made("renew", 1, [&](auto& at) { return at.renew(beat); });
  }
  td::promote_reply promote(std::size_t most) override {
    return made("promote", most, [&](auto& at) { return at.promote(most); });
  }
  td::rescue_reply rescue(std::span<const td::lost_runner> runners) override {
    return made("rescue", runners.size(), [&](auto& at) { return at.rescue(runners); });
  }
  std::size_t prune(std::size_t most) override {
    return made("prune", most, [&](auto& at) { return at.prune(most); });
  }
  std::vector<ta::control_reply> control(std::span<const td::control_action> actions) override {
    return made("control", actions.size(), [&](auto& at) { return at.control(actions); });
  }
  std::vector<td::schedule_written> write_schedules(std::span<const td::schedule_write> writes) override {
    return made("write_schedules", writes.size(), [&](auto& at) { return at.write_schedules(writes); });
  }
  td::schedule_page schedules(const td::schedule_query& which) override {
    return made("schedules", which.names.size(), [&](auto& at) { return at.schedules(which); });
  }
  std::vector<ta::job_info> list(const td::job_query& which) override {
    return made("list", which.ids.size(), [&](auto& at) { return at.list(which); });
  }
  std::vector<ta::job_details> find(std::span<const ta::job_id> ids) override {
    return made("find", ids.size(), [&](auto& at) { return at.find(ids); });
  }
  ta::store_survey survey() override {
    return made("survey", 1, [&](auto& at) { return at.survey(); });
  }
  std::vector<td::runner_row> runners() override {
    return made("runners", 1, [&](auto& at) { return at.runners(); });
  }
  ta::store_time now() override { return inside_->now(); }
  std::uint64_t version() override { return hooks_->version; }
  td::backend_opener beside() override { return hooks_->beside; }
  std::vector<std::string> check() override {
    return made("check", 1, [&](auto& at) { return at.check(); });
  }

private:
  template <class Call>
  std::invoke_result_t<Call, td::memory_backend&> made(const char* verb, std::size_t rows, Call call) {
    hooks_->note(verb, rows);
    const std::lock_guard lock{*file_};
    auto made = call(*inside_);
    hooks_->after(verb);
    return made;
  }

  std::shared_ptr<call_hooks> hooks_;
  std::shared_ptr<td::memory_backend> inside_;
  std::shared_ptr<std::mutex> file_;
};

/// One store, as if it were in a file, which others may have open as well.
struct hooked_store {
  explicit hooked_store(ta::store_options options = {}) { open(options); }
  /// Another program's, with the same jobs.
  hooked_store(const hooked_store& other, ta::store_options options)
      : folder(other.folder), inside(other.inside), file(other.file) {
    open(options);
  }

  std::shared_ptr<call_hooks> hooks = std::make_shared<call_hooks>();
  std::shared_ptr<test::temporary_directory> folder = std::make_shared<test::temporary_directory>();
  std::shared_ptr<td::memory_backend> inside = std::make_shared<td::memory_backend>(
      [] { return std::chrono::floor<td::store_duration>(std::chrono::system_clock::now()); });
  std::shared_ptr<std::mutex> file = std::make_shared<std::mutex>();
  std::optional<ta::store> store;

  td::store_core& core() const { return *td::core_of(*store); }
  /// What this one would find when another process had written.
  void is_written_by_others() {
    ++hooks->version;
    std::ofstream{*folder / "jobs.db-wal"} << "x";
  }

private:
  void open(const ta::store_options& options) {
    store.emplace(std::make_shared<td::store_core>(std::make_unique<hooked_backend>(hooks, inside, file),
                                                   options, *folder / "jobs.db"));
  }
};

/// Of what other threads do: whether it is so within a time that is never needed.
template <class F>
bool in_time(F done) {
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!done() && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  return done();
}

/// What a call of a core is told.
template <class T, class Begin>
ta::expected<T> told_by(Begin begin) {
  return td::call_of<T>([&](auto tell) { begin(std::move(tell)); }).get();
}

/// A runner by hand: claims one job, and says how it has ended.
class hand_runner {
public:
  explicit hand_runner(td::store_core& core, std::string queue = "mail")
      : core_(core), queue_(std::move(queue)) {
    td::runner_beat beat;
    beat.runner = key_;
    told_by<td::beat_reply>([&](auto tell) { core_.renew(beat, tell); }).value();
  }
  std::vector<td::claimed_job> claim(std::size_t most = 1) {
    td::claim_request request;
    request.runner = key_;
    request.shares.push_back({queue_, most, 0, false});
    auto tasks = std::make_shared<td::known_tasks>();
    for (const auto* each : ta::registry::global().list())
      tasks->emplace(each->name(), each->version());
    request.tasks = tasks;
    return told_by<td::claim_reply>([&](auto tell) { core_.claim(request, tell); }).value().jobs;
  }
  td::end_reply end(const td::claimed_job& which, td::claim_end how, std::string result = {},
                    std::string error = {}) {
    td::job_end end;
    end.id = which.id;
    end.token = which.token;
    end.how = how;
    end.result = std::move(result);
    end.error = std::move(error);
    return told_by<std::vector<td::end_reply>>([&](auto tell) { core_.finish(key_, {end}, tell); })
        .value()
        .front();
  }
  /// Of the next job in the queue.
  void end_next(td::claim_end how, std::string result = {}, std::string error = {}) {
    const auto jobs = claim();
    end(jobs.at(0), how, std::move(result), std::move(error));
  }

private:
  td::store_core& core_;
  std::string queue_;
  td::runner_key key_{"hand", 1};
};

} // namespace queue_tests
