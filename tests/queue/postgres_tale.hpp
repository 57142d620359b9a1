/// All verbs of a store, one after the other, with what they answer and leave in words: told with a fault,
/// and without one, it is the same tale.
#pragma once

#include "postgres_world.hpp"
#include "queue/stored_schedule.hpp"

#include <array>
#include <functional>
#include <sstream>

namespace queue_tests {

/// The time of a store of which the tale is told.
struct tale_clock {
  ta::store_time operator()() const { return *now; }
  std::shared_ptr<ta::store_time> now = std::make_shared<ta::store_time>(1'700'000'000s);
};

/// All verbs, one after the other, and what they have answered and left, in words.
class verbs_tale {
public:
  /// `before`: called before each verb, with what of it reaches the server last.
  using before_verb = std::function<void(const std::string& verb, const std::string& last)>;
  verbs_tale(td::store_backend& store, tale_clock clock, before_verb before)
      : store_(store), clock_(std::move(clock)), before_(std::move(before)) {}

  std::string tell() {
    limit();
    push();
    beat({});
    auto jobs = claim(5);
    notes(jobs);
    end(jobs);
    controls();
    promote();
    rescue();
    prune();
    schedules();
    reads();
    return said_.str();
  }

private:
  template <class Call>
  auto in(const char* verb, const Call& call, const std::string& last = commit_words) {
    before_(verb, last);
    said_ << '\n' << verb << ':';
    return call();
  }
  void limit() {
    const td::control_action action{.verb = td::control_verb::set_limit,
                                    .id = 0,
                                    .name = "db",
                                    .capacity = 2,
                                    .rate = {{.count = 9, .period = 1h}}};
    in("control", [&] { said_ << ' ' << static_cast<int>(store_.control({&action, 1}).at(0)); });
  }
  void push() {
    std::vector<td::new_job> jobs;
    for (int i = 0; i < 12; ++i) {
      auto job = store_world::job();
      job.row.arguments = '[' + std::to_string(i) + ']';
      job.request = "request " + std::to_string(1000 + i);
      job.row.fairness_key = i % 2 ? "odd" : "";
      if (i % 4 == 0)
        job.row.limits = {{"db", "", 1}};
      if (i % 4 == 3)
        job.delay = 1h;
      if (i % 4 == 2) {
        job.unique_scope = "s";
        job.unique_key = i == 10 ? "2" : std::to_string(i);
        job.on_taken = ta::on_taken::replace;
      }
      jobs.push_back(job);
    }
    in("push", [&] {
      for (const auto& reply : store_.push(jobs)) {
        ids_.push_back(reply.id);
        said_ << ' ' << static_cast<int>(reply.how);
      }
    });
  }
  void beat(std::vector<td::claim_note> notes) {
    td::runner_beat sent{.runner = {"r", 1}, .host = "h", .shares = {{.queue = "q", .free = 5}}};
    sent.tasks = knows_a;
    sent.notes = std::move(notes);
    in("renew", [&] { said_ << ' ' << store_.renew(sent).fenced; });
  }
  std::vector<td::claimed_job> claim(std::size_t free) {
    return in("claim", [&] {
      auto reply = store_.claim(claim_of("r", free));
      for (const auto& job : reply.jobs)
        said_ << ' ' << job.row.arguments;
      return reply.jobs;
    });
  }
  void notes(const std::vector<td::claimed_job>& jobs) {
    std::vector<td::claim_note> all;
    for (const auto& job : jobs) {
      td::claim_note note{.id = job.id, .token = job.token};
      note.begun = note.has_progress = true;
      note.done = 3;
      note.text = "at three";
      note.output = "output of " + job.row.arguments + '\n';
      all.push_back(note);
    }
    beat(all);
  }
  void end(const std::vector<td::claimed_job>& jobs) {
    std::vector<td::job_end> ends;
    const std::array hows{td::claim_end::succeeded, td::claim_end::retry, td::claim_end::failed,
                          td::claim_end::snooze};
    for (std::size_t i = 0; i < jobs.size() && i < hows.size(); ++i)
      ends.push_back({.id = jobs[i].id,
                      .token = jobs[i].token,
                      .how = hows[i],
                      .delay = i == 1 ? 0s : 1h,
                      .word = {},
                      .result = "result",
                      .error = i == 2 ? "error" : ""});
    in("finish", [&] {
      for (const auto reply : store_.finish({"r", 1}, ends))
        said_ << ' ' << reply;
    });
  }
  void controls() {
    const auto one = [&](td::control_verb verb, std::size_t which, std::string name = {}) {
      const td::control_action action{.verb = verb,
                                      .id = name.empty() ? ids_.at(which) : 0,
                                      .name = std::move(name),
                                      .capacity = {},
                                      .rate = {}};
      in("control", [&] { said_ << ' ' << static_cast<int>(store_.control({&action, 1}).at(0)); });
    };
    for (std::size_t i = 0; i < ids_.size(); ++i)
      if (i != 10) // it is the second's
        one(i % 3 == 0   ? td::control_verb::cancel
            : i % 3 == 1 ? td::control_verb::remove
                         : td::control_verb::retry,
            i);
    one(td::control_verb::pause, 0, "q");
    one(td::control_verb::resume, 0, "q");
    one(td::control_verb::drop_limit, 0, "db");
  }
  void promote() {
    *clock_.now += 2h; // what has waited for an hour is due
    in("promote", [&] {
      const auto reply = store_.promote(100);
      said_ << ' ' << reply.promoted << reply.expired;
    });
  }
  void rescue() {
    td::lost_runner lost{.runner = {"r", 1}, .beat = 0};
    in(
        "runners",
        [&] {
          for (const auto& row : store_.runners()) {
            said_ << ' ' << row.runner.name << row.claims;
            lost.beat = row.beat;
          }
        },
        "SELECT name, incarnation, beat");
    in("rescue", [&] {
      const auto reply = store_.rescue({&lost, 1});
      said_ << ' ' << reply.runners << reply.lost << reply.returned;
    });
  }
  void prune() {
    in("prune", [&] { said_ << ' ' << store_.prune(100); });
  }
  void schedules() {
    auto job = store_world::job();
    job.request = "request of fire";
    job.unique_scope = td::schedule_scope("s");
    job.unique_key = "k";
    const td::schedule_row row{.name = "s", .stamp = 1, .due = *clock_.now, .spec = "{}", .state = "[]"};
    auto other = row, next = row;
    other.name = "t";
    next.stamp = 2;
    ta::job_id fired = 0;
    const auto write = [&](std::vector<td::schedule_write> writes) {
      in("write_schedules", [&] {
        for (const auto& reply : store_.write_schedules(writes)) {
          said_ << ' ' << reply.done;
          for (const auto& each : reply.pushed) {
            said_ << static_cast<int>(each.how);
            fired = each.id;
          }
        }
      });
    };
    write(
        {{.name = "s", .from = 0, .to = row, .jobs = {}}, {.name = "t", .from = 0, .to = other, .jobs = {}}});
    write({{.name = "s", .from = 1, .to = next, .jobs = {job}},
           {.name = "t", .from = 7, .to = {}, .jobs = {}},
           {.name = "t", .from = 1, .to = {}, .jobs = {}}});
    in("schedules", [&] {
      for (const auto& each : store_.schedules({.due = true}).found)
        said_ << ' ' << each.row.name << each.row.stamp << each.open.size();
    });
    const td::control_action remove{
        .verb = td::control_verb::remove, .id = fired, .name = {}, .capacity = {}, .rate = {}};
    in("control", [&] { said_ << ' ' << static_cast<int>(store_.control({&remove, 1}).at(0)); });
  }
  void reads() {
    in("survey", [&] {
      const auto all = store_.survey();
      const auto& n = all.counters;
      for (const auto each : {n.pushed, n.duplicates, n.claimed, n.succeeded, n.failed, n.cancelled,
                              n.retried, n.snoozed, n.released, n.lost, n.stale, n.repeated})
        said_ << ' ' << each;
      for (const auto& queue : all.queues)
        said_ << ' ' << queue.name << queue.ready << queue.delayed << queue.running;
    });
    in(
        "list",
        [&] {
          for (const auto& info : store_.list({.most = 100}))
            said_ << ' ' << (info.id - ids_.at(0)) << info.state;
        },
        "SELECT j.id");
    in("find", [&] {
      for (const auto& job : store_.find(ids_))
        said_ << "\n  " << job.arguments << ' ' << job.info.state << ' ' << job.info.attempts
              << job.info.losses << job.info.snoozes << ' ' << job.info.progress_text << ' ' << job.output
              << ' ' << job.result << ' ' << job.info.error << ' ' << job.attempts.size();
    });
  }

  td::store_backend& store_;
  tale_clock clock_;
  before_verb before_;
  std::vector<ta::job_id> ids_;
  std::ostringstream said_;
};

inline std::string told(td::store_backend& store, const tale_clock& clock) {
  return verbs_tale{store, clock, [](const std::string&, const std::string&) {}}.tell();
}

} // namespace queue_tests
