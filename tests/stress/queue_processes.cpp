#include "queue_stress.hpp"

#include <taskactor/registry.hpp>

#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <new>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace queue_stress {

// -- what bodies note -------------------------------------------------------

namespace {

[[noreturn]] void fail_by_errno(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

} // namespace

shared_notes::shared_notes(const std::string& folder) {
  const int file = ::open((folder + "/notes").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ::ftruncate(file, sizeof(notes)) != 0)
    fail_by_errno("notes");
  void* at = ::mmap(nullptr, sizeof(notes), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  if (at == MAP_FAILED)
    fail_by_errno("mmap");
  notes_ = std::launder(static_cast<notes*>(at));
}
shared_notes::~shared_notes() { ::munmap(notes_, sizeof(notes)); }

test_folder::test_folder()
    : path_((std::filesystem::temp_directory_path() / "taskactor-queue-XXXXXX").string()) {
  if (!::mkdtemp(path_.data()))
    fail_by_errno("mkdtemp");
}
test_folder::~test_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

// -- jobs -------------------------------------------------------------------

namespace {

notes* noted = nullptr; // of this process, if it has runners
life_number this_life = 0;

/// A body, from its begin on.
class body {
public:
  explicit body(int number) : job_(noted->jobs.at(static_cast<std::size_t>(number))) {
    at_ = job_.begins.fetch_add(1);
    if (at_ < most_begins)
      job_.bodies[at_].life = this_life;
    ++noted->begun_by.at(this_life);
  }
  bool is_first() const noexcept { return at_ == 0; }
  void end() {
    if (at_ < most_begins)
      job_.bodies[at_].has_ended = 1;
    ++noted->ended;
  }

private:
  job_note& job_;
  std::uint32_t at_;
};

} // namespace

ta::task<int> brief(int number, int milliseconds) {
  body here{number};
  co_await ta::sleep_for(std::chrono::milliseconds{milliseconds});
  here.end();
  co_return number;
}

ta::task<int> limited(int number, int bits, int milliseconds) {
  body here{number};
  for (std::size_t i = 0; i < limit_names.size(); ++i)
    if ((bits >> i & 1) != 0 && noted->under[i].fetch_add(1) != 0)
      ++noted->together;
  co_await ta::sleep_for(std::chrono::milliseconds{milliseconds});
  for (std::size_t i = 0; i < limit_names.size(); ++i)
    if ((bits >> i & 1) != 0)
      --noted->under[i];
  here.end();
  co_return number;
}

ta::task<int> held(int number) {
  body here{number};
  ta::this_task::report_progress(1, 2);
  while (here.is_first() && noted->go == 0)
    co_await ta::sleep_for(5ms);
  here.end();
  co_return number;
}

int held_on_thread(std::stop_token, int number) { // NOLINT: as registered functions take it
  body here{number};
  ta::this_task::report_progress(1, 2);
  while (here.is_first() && noted->go == 0)
    wait_a_moment(5ms);
  here.end();
  return number;
}

TASKACTOR_REGISTER_AS(brief, "brief");
TASKACTOR_REGISTER_AS(limited, "limited");
TASKACTOR_REGISTER_AS(held, "held");
TASKACTOR_REGISTER_AS(held_on_thread, "held_on_thread");

// -- a process --------------------------------------------------------------

namespace {

void note_time(std::chrono::steady_clock::time_point since) {
  const auto time = std::chrono::floor<std::chrono::milliseconds>(std::chrono::steady_clock::now() - since);
  ++noted->calls[std::min(static_cast<std::size_t>(time.count()), noted->calls.size() - 1)];
}

/// Calls of a store beside those of its runners, until it is to stop.
void make_calls(const std::stop_token& stop, const ta::store& jobs,
                const std::vector<std::unique_ptr<ta::job_runner>>& runners) {
  const ta::job_queue work{jobs, "work"};
  while (!stop.stop_requested()) {
    const auto number = noted->pushed.fetch_add(1);
    if (number >= most_jobs)
      return;
    auto since = std::chrono::steady_clock::now();
    const auto made = work.push(brief, static_cast<int>(number), 1).get();
    note_time(since);
    since = std::chrono::steady_clock::now();
    const bool found = made && jobs.find(made->job.id()).get();
    note_time(since);
    if (!found)
      ++noted->failed_calls;
    for (const auto& each : runners)
      if (const auto now = each->statistics(); now.beat.last_success && now.fenced)
        ++noted->fenced;
    wait_a_moment(5ms);
  }
}

} // namespace

int be_runner(const std::vector<std::string>& words) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  spdlog::set_level(spdlog::level::off);
  const auto& folder = words.at(0);
  this_life = static_cast<life_number>(std::stoul(words.at(1)));
  const process_plan plan{.name = words.at(2),
                          .runners = std::stoul(words.at(3)),
                          .slots = std::stoul(words.at(4)),
                          .lease = std::chrono::milliseconds{std::stol(words.at(5))},
                          .beat = std::chrono::milliseconds{std::stol(words.at(6))},
                          .calls_too = words.at(7) == "1"};
  const shared_notes file{folder};
  noted = &*file;
  const auto quiet = std::make_shared<spdlog::logger>("taskactor");
  ta::task_manager tasks{{.capacity = plan.runners * plan.slots,
                          .thread_capacity = plan.runners * plan.slots,
                          .cancel_grace = 250ms,
                          .logger = quiet}};
  tasks.shutdown_on({SIGTERM}, {.drain = 30s});
  const ta::store jobs{folder + "/jobs.db"};
  std::vector<std::unique_ptr<ta::job_runner>> runners;
  for (std::size_t i = 0; i < plan.runners; ++i)
    runners.push_back(
        std::make_unique<ta::job_runner>(tasks, jobs,
                                         ta::job_runner_options{.queues = {{"work", plan.slots}},
                                                                .name = plan.name + '.' + std::to_string(i),
                                                                .lease = plan.lease,
                                                                .beat = plan.beat,
                                                                .fence = plan.lease * 2 / 3}));
  std::jthread calls;
  if (plan.calls_too)
    calls = std::jthread{[&](const std::stop_token& stop) { make_calls(stop, jobs, runners); }};
  const auto report = tasks.wait_for_shutdown();
  return report.clean() ? 0 : 1;
}

// -- processes --------------------------------------------------------------

life_number runner_processes::start(std::size_t place, const process_plan& plan) {
  auto& which = processes_[place];
  const auto life = ++last_life_;
  if (life >= most_lives)
    throw std::length_error{"more lives than notes have room for"};
  const std::string program = "/proc/self/exe";
  const std::vector<std::string> words{program,
                                       "runner",
                                       folder_,
                                       std::to_string(life),
                                       plan.name + std::to_string(place),
                                       std::to_string(plan.runners),
                                       std::to_string(plan.slots),
                                       std::to_string(plan.lease.count()),
                                       std::to_string(plan.beat.count()),
                                       plan.calls_too ? "1" : "0"};
  std::vector<char*> arguments;
  for (const auto& each : words)
    arguments.push_back(const_cast<char*>(each.c_str())); // NOLINT: as execv takes them
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0)
    fail_by_errno("fork");
  if (child == 0) {
    ::execv(program.c_str(), arguments.data());
    ::_exit(127);
  }
  which = {child, life};
  return life;
}

life_number runner_processes::kill(std::size_t place) {
  auto& which = processes_.at(place);
  ::kill(which.id, SIGKILL);
  ::waitpid(which.id, nullptr, 0);
  which.id = 0;
  return which.life;
}

void runner_processes::signal(std::size_t place, int number) const {
  ::kill(processes_.at(place).id, number);
}

void runner_processes::end(std::size_t place, std::vector<std::string>& faults) {
  auto& which = processes_.at(place);
  ::kill(which.id, SIGTERM);
  int status = 0;
  ::waitpid(which.id, &status, 0);
  if (status != 0)
    faults.push_back("life " + std::to_string(which.life) + " has ended with status "
                     + std::to_string(status));
  which.id = 0;
}

runner_processes::~runner_processes() {
  for (const auto& [place, which] : processes_)
    if (which.id != 0) {
      ::kill(which.id, SIGKILL);
      ::waitpid(which.id, nullptr, 0);
    }
}

// -- looking ----------------------------------------------------------------

void wait_a_moment(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

ta::store_counters counters_of(const ta::store& jobs) { return jobs.survey().get().value().counters; }

std::map<int, ta::job_info> all_jobs(const ta::store& jobs, const std::map<ta::job_id, int>& numbers) {
  std::map<int, ta::job_info> found;
  ta::job_filter page{.most = 1000};
  for (;;) {
    const auto some = jobs.list(page).get().value();
    if (some.empty())
      return found;
    for (const auto& each : some)
      if (const auto number = numbers.find(each.id); number != numbers.end())
        found.emplace(number->second, each);
    page.before = some.back().id;
  }
}

void check_at_rest(const ta::store& jobs, std::vector<std::string>& faults) {
  const auto wrong = jobs.check().get().value();
  for (const auto& each : wrong)
    faults.push_back("the store: " + each);
  const auto facts = jobs.survey().get().value();
  for (const auto& each : facts.queues)
    if (each.ready + each.delayed + each.running != 0)
      faults.push_back("the queue " + each.name + " has jobs left");
  for (const auto& each : facts.limits)
    if (each.taken != 0)
      faults.push_back("the limit " + each.name + " is taken by nobody");
}

void expect(std::vector<std::string>& faults, const std::string& what, std::uint64_t got,
            std::uint64_t wanted) {
  if (got != wanted)
    faults.push_back(what + ": " + std::to_string(got) + ", not " + std::to_string(wanted));
}

} // namespace queue_stress
