// Runners that are stopped, and runners that are killed.
#include "queue_stress.hpp"

#include <csignal>
#include <iostream>
#include <mutex>
#include <set>
#include <thread>

namespace queue_stress {

// -- stopped ----------------------------------------------------------------

/// A process is stopped for two leases under its two jobs, a body and a call on a thread; another one takes
/// them over meanwhile. Then the first one goes on, and ends them as well: too late.
std::vector<std::string> stopped(const test_options&) {
  std::vector<std::string> faults;
  const test_folder folder;
  const shared_notes noted{folder.path()};
  const ta::store jobs{folder.store()};
  const ta::job_queue work{jobs, "work"};
  const process_plan plan{.slots = 2, .lease = 4s, .beat = 200ms};
  runner_processes processes{folder.path()};
  const auto begins = [&](std::uint32_t wanted) {
    return comes_true([&] { return noted->jobs[0].begins >= wanted && noted->jobs[1].begins >= wanted; });
  };
  const std::vector<ta::job_id> ids{work.push(held, 0).get().value().job.id(),
                                    work.push(held_on_thread, 1).get().value().job.id()};
  processes.start(0, plan);
  if (!begins(1))
    return {"nothing has begun"};
  // What a body reports is written with the mark that it has begun, without which a loss doesn't count.
  const auto is_marked = [&](ta::job_id id) { return jobs.find(id).get().value().info.progress_done == 1; };
  if (!comes_true([&] { return is_marked(ids[0]) && is_marked(ids[1]); }))
    return {"the store doesn't know that the bodies have begun"};
  processes.start(1, plan);
  const auto runners_known = [&](std::size_t count) {
    return comes_true([&] { return jobs.survey().get().value().runners.size() == count; });
  };
  if (!runners_known(2))
    return {"the second runner isn't known"};
  processes.signal(0, SIGSTOP);
  const auto since = std::chrono::steady_clock::now();
  const bool taken_over = begins(2) && comes_true([&] { return counters_of(jobs).succeeded == 2; });
  comes_true([&] { return std::chrono::steady_clock::now() - since >= 2 * plan.lease; });
  processes.signal(0, SIGCONT);
  noted->go = 1;
  if (!taken_over)
    return {"nobody has taken the jobs over"};
  if (!comes_true([&] { return counters_of(jobs).stale >= 2; }))
    faults.emplace_back("the late ends were not offered");
  processes.end(1, faults);
  // It works on, under another incarnation.
  const auto last = work.push(brief, 2, 1).get().value().job;
  if (!last.wait(120s))
    faults.emplace_back("the runner that was stopped does nothing any more");
  processes.end(0, faults);
  const auto counters = counters_of(jobs);
  expect(faults, "succeeded", counters.succeeded, 3);
  expect(faults, "late ends", counters.stale, 2);
  expect(faults, "losses", counters.lost, 2);
  expect(faults, "others", counters.failed + counters.cancelled + counters.quarantined + counters.retried, 0);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto found = jobs.find(ids[i]).get().value();
    const auto number = "job " + std::to_string(i);
    expect(faults, number + ", bodies", noted->jobs[i].begins, 2);
    expect(faults, number + ", losses", found.info.losses, 1);
    expect(faults, number + ", attempts that are listed", found.attempts.size(), 1);
    if (!found.attempts.empty() && found.attempts[0].end != "lost")
      faults.push_back(number + " has ended as " + found.attempts[0].end + " before");
    if (found.info.state != ta::job_state::succeeded || found.result != std::to_string(i))
      faults.push_back(number + " has come to " + found.result);
  }
  check_at_rest(jobs, faults);
  std::cout << "two jobs of a runner that was stopped for " << 2 * plan.lease.count()
            << " ms: " << counters.succeeded - 1 << " ends, " << counters.stale << " too late\n";
  return faults;
}

// -- kills ------------------------------------------------------------------

namespace {

constexpr std::size_t killed_places = 3, killed_slots = 4;

/// Pushes jobs as fast as they are run, so that there are always some.
class steady_pusher {
public:
  steady_pusher(const ta::store& jobs, notes& noted, std::uint32_t seed)
      : thread_([this, &jobs, &noted, seed](const std::stop_token& stop) { push(stop, jobs, noted, seed); }) {
  }
  /// What it has pushed.
  std::map<ta::job_id, int> finish(std::vector<std::string>& faults) {
    thread_ = {};
    faults.insert(faults.end(), faults_.begin(), faults_.end());
    return std::move(pushed_);
  }

private:
  void push(const std::stop_token& stop, const ta::store& jobs, notes& noted, std::uint32_t seed) {
    constexpr std::size_t at_hand = 300, batch = 25;
    const ta::job_queue work{jobs, "work"};
    dice random{seed};
    while (!stop.stop_requested()) {
      if (noted.pushed >= noted.ended + at_hand) {
        wait_a_moment(5ms);
        continue;
      }
      std::vector<std::tuple<int, int>> each;
      for (std::size_t i = 0; i < batch; ++i)
        each.emplace_back(static_cast<int>(noted.pushed++), static_cast<int>(1 + random() % 30));
      if (noted.pushed + batch > most_jobs) {
        faults_.emplace_back("there are more jobs than notes have room for");
        return;
      }
      const auto made = work.push_all({}, brief, each).get();
      if (!made) {
        faults_.emplace_back("a push has failed: " + made.error().message);
        return;
      }
      for (std::size_t i = 0; i < batch; ++i)
        pushed_.emplace((*made)[i].job.id(), std::get<0>(each[i]));
    }
  }

  std::map<ta::job_id, int> pushed_;
  std::vector<std::string> faults_;
  std::jthread thread_; // the last: it uses the others
};

struct kill_tally {
  std::size_t quarantined = 0, run_again = 0, had_ended = 0;
};

/// Each body but the last one of a job was of a life that was killed, and ran at most in one.
void check_bodies(int number, const job_note& note, const ta::job_info& info,
                  const std::set<life_number>& killed, std::map<life_number, std::size_t>& cut_off,
                  kill_tally& tally, std::vector<std::string>& faults) {
  const auto name = "job " + std::to_string(number);
  const std::size_t begins = note.begins;
  if (begins == 0 && info.state == ta::job_state::succeeded)
    faults.push_back(name + " has succeeded, and never ran");
  if (begins > most_begins) {
    faults.push_back(name + " was run " + std::to_string(begins) + " times");
    return;
  }
  std::set<life_number> lives;
  std::size_t alive = 0;
  for (std::size_t i = 0; i < begins; ++i) {
    const life_number life = note.bodies[i].life;
    if (life != 0 && !lives.insert(life).second)
      faults.push_back(name + " was run twice by life " + std::to_string(life));
    alive += life != 0 && !killed.contains(life) ? 1 : 0;
    if (note.bodies[i].has_ended == 0)
      ++cut_off[life];
    else if (i + 1 < begins)
      ++tally.had_ended;
  }
  tally.run_again += begins - 1;
  if (alive > 1)
    faults.push_back(name + " was run again, and its runner hadn't died");
  if (info.state == ta::job_state::quarantined) {
    ++tally.quarantined;
    if (info.losses != 3
        || alive != 0) // a mark may be written before the body it speaks of: it may have fewer
      faults.push_back(name + " is quarantined, with " + std::to_string(info.losses) + " losses");
  } else if (info.state != ta::job_state::succeeded) {
    faults.push_back(name + " is " + std::string{ta::to_string(info.state)} + ": " + info.error);
  }
}

} // namespace

/// Processes that are killed at random times, and started again.
std::vector<std::string> kills(const test_options& options) {
  const auto count = options.count != 0 ? options.count : 15;
  std::vector<std::string> faults;
  dice random{options.seed};
  const test_folder folder;
  const shared_notes noted{folder.path()};
  const ta::store jobs{folder.store()};
  const process_plan plan{.slots = killed_slots};
  runner_processes processes{folder.path()};
  std::map<std::size_t, life_number> living;
  for (std::size_t place = 0; place < killed_places; ++place)
    living[place] = processes.start(place, plan);
  steady_pusher pusher{jobs, *noted, options.seed};
  std::set<life_number> killed;
  while (killed.size() < count) {
    const auto place = static_cast<std::size_t>(random() % killed_places);
    const bool wherever_it_is = random() % 4 == 0; // else once it has worked
    const auto begun = [&] { return noted->begun_by[living[place]] != 0; };
    if (!wherever_it_is && !comes_true(begun)) {
      faults.push_back("life " + std::to_string(living[place]) + " has begun nothing");
      break;
    }
    wait_a_moment(std::chrono::milliseconds{random() % 100});
    killed.insert(processes.kill(place));
    living[place] = processes.start(place, plan);
  }
  const auto numbers = pusher.finish(faults);
  const auto is_over = [&] {
    const auto now = counters_of(jobs);
    return now.succeeded + now.failed + now.cancelled + now.expired + now.quarantined >= numbers.size();
  };
  if (!comes_true(is_over))
    faults.emplace_back("not all have ended");
  for (std::size_t place = 0; place < killed_places; ++place)
    processes.end(place, faults);
  const auto counters = counters_of(jobs);
  const auto found = all_jobs(jobs, numbers);
  kill_tally tally;
  std::map<life_number, std::size_t> cut_off;
  std::uint64_t losses = 0;
  for (const auto& [number, info] : found) {
    losses += info.losses;
    check_bodies(number, noted->jobs[static_cast<std::size_t>(number)], info, killed, cut_off, tally, faults);
  }
  for (const auto& [life, bodies] : cut_off)
    if (life != 0 && bodies > (killed.contains(life) ? killed_slots : 0))
      faults.push_back("life " + std::to_string(life) + " has left " + std::to_string(bodies)
                       + " bodies without an end");
  expect(faults, "jobs", found.size(), numbers.size());
  expect(faults, "pushed", counters.pushed, numbers.size());
  expect(faults, "ends", counters.succeeded + counters.quarantined, numbers.size());
  expect(faults, "losses", counters.lost, losses);
  expect(faults, "other ends", counters.failed + counters.cancelled + counters.expired + counters.stale, 0);
  check_at_rest(jobs, faults);
  std::cout << numbers.size() << " jobs, " << killed.size() << " kills: " << tally.run_again
            << " bodies run again, of which " << tally.had_ended << " had ended, " << losses << " losses, "
            << tally.quarantined << " quarantined\n";
  return faults;
}

} // namespace queue_stress
