// taskactor_stress_nodes: three nodes, each a process, under load, while they are killed, stopped, and
// started again.
//
//     taskactor_stress_nodes [--seed N] [--time S]
//
// Every call has one outcome here; those that are idempotent complete, but for one that has cost three nodes;
// in the end no node has a task left, and none has lost room. Exit codes: 0, 1 when something was wrong, 2
// for a wrong use.
#include <taskactor/node/named_calls.hpp>
#include <taskactor/taskactor.hpp>

#include <spdlog/spdlog.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace {

constexpr int nodes = 3;
ta::node* this_node = nullptr;

ta::task<int> work(int number, int milliseconds) {
  co_await ta::sleep_for(std::chrono::milliseconds{milliseconds});
  co_return number;
}
/// Goes on to another node.
ta::task<int> relay(int number, int milliseconds) {
  const int got = co_await ta::run_on_node(*this_node, ta::on_any(), work, number, milliseconds);
  co_return got;
}
ta::task<int> steady(int number, int milliseconds) { return work(number, milliseconds); }
TASKACTOR_REGISTER(work);
TASKACTOR_REGISTER(relay);
TASKACTOR_REGISTER_AS(steady, "steady", {.idempotent = true});

std::string address_of(const std::string& folder, int which) {
  return "unix:" + folder + "/n" + std::to_string(which);
}

// -- a node -----------------------------------------------------------------

[[noreturn]] void be_node(const std::string& folder, int which) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  spdlog::set_level(spdlog::level::off);
  const auto quiet = std::make_shared<spdlog::logger>("taskactor");
  ta::task_manager tasks{{.capacity = 8, .cancel_grace = 1s, .logger = quiet}};
  ta::node here{tasks, {.name = "n" + std::to_string(which)}};
  this_node = &here;
  std::filesystem::remove(folder + "/n" + std::to_string(which));
  here.listen(address_of(folder, which));
  for (int other = 0; other < nodes; ++other)
    if (other != which)
      here.join(address_of(folder, other));
  for (;;)
    ::pause();
}

// -- the one that calls -----------------------------------------------------

class cast {
public:
  explicit cast(std::string program, std::string folder)
      : program_(std::move(program)), folder_(std::move(folder)) {
    for (int which = 0; which < nodes; ++which)
      start(which);
  }
  ~cast() {
    for (int which = 0; which < nodes; ++which)
      kill(which);
  }
  cast(const cast&) = delete;
  cast& operator=(const cast&) = delete;

  void start(int which) {
    if (processes_[which] != 0)
      return;
    const auto number = std::to_string(which);
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl(program_.c_str(), program_.c_str(), "node", folder_.c_str(), number.c_str(), nullptr);
      ::_exit(127);
    }
    processes_[which] = child;
  }
  void kill(int which) {
    if (processes_[which] == 0)
      return;
    ::kill(processes_[which], SIGKILL);
    ::waitpid(processes_[which], nullptr, 0);
    processes_[which] = 0;
  }
  void signal(int which, int number) {
    if (processes_[which] != 0)
      ::kill(processes_[which], number);
  }

private:
  const std::string program_, folder_;
  pid_t processes_[nodes] = {};
};

struct tally {
  std::atomic<std::uint64_t> calls{0}, right{0}, wrong{0}, lost{0}, given_up{0}, ended{0}, failed{0},
      incomplete{0};
};

void count(const ta::outcome<int>& how, int expected, bool idempotent, tally& into) {
  if (how) {
    ++(*how == expected ? into.right : into.wrong);
    return;
  }
  if (how.error().state() != ta::state::failed) {
    ++into.ended;
    return;
  }
  try {
    how.error().raise();
  } catch (const ta::node_lost& lost) {
    ++(lost.fencing_token() >= 3 ? into.given_up : into.lost);
    into.incomplete += idempotent && lost.fencing_token() < 3 ? 1 : 0;
  } catch (const ta::remote_error&) { // of a relay, whose own call was lost
    ++into.lost;
  } catch (const std::exception& error) {
    std::cerr << "failed: " << error.what() << '\n';
    ++into.failed;
  }
}

void submit_calls(ta::node& here, std::uint32_t seed, const std::atomic<bool>& stop, tally& into) {
  constexpr std::size_t window = 48;
  std::minstd_rand random{seed};
  struct open {
    ta::handle<int> call;
    int expected;
    bool idempotent;
  };
  std::vector<open> all;
  for (int number = 0; !stop; ++number) {
    const int time = static_cast<int>(random() % 20);
    const auto kind = random() % 8;
    ta::task_options options{.timeout = kind == 0 ? 10ms : std::chrono::nanoseconds{90s}};
    auto made = kind == 1  ? here.submit(options, ta::on_any(), relay, number, time)
                : kind < 4 ? here.submit(options, ta::on_any(), work, number, time)
                           : here.submit(options, ta::on_least_loaded(), steady, number, time);
    ++into.calls;
    all.push_back({made.value(), number, kind >= 4});
    if (kind == 2 && random() % 4 == 0)
      all.back().call.cancel();
    while (all.size() >= window) {
      const auto at = random() % all.size();
      if (!all[at].call.wait_for(120s)) {
        std::cerr << "a call has no outcome: " << all[at].call.id() << '\n';
        std::_Exit(1);
      }
      count(*all[at].call.try_outcome(), all[at].expected, all[at].idempotent, into);
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  for (const auto& each : all)
    count(each.call.wait_outcome(), each.expected, each.idempotent, into);
}

/// One of them at a time, so that there is always somebody who could do the work.
void harm(cast& processes, std::uint32_t seed, std::chrono::steady_clock::time_point until) {
  std::minstd_rand random{seed};
  while (std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds{200 + random() % 600});
    const int which = static_cast<int>(random() % nodes);
    if (random() % 2 == 0) {
      processes.kill(which);
      std::this_thread::sleep_for(std::chrono::milliseconds{random() % 1000});
      processes.start(which);
    } else {
      processes.signal(which, SIGSTOP);
      std::this_thread::sleep_for(std::chrono::milliseconds{random() % 3500});
      processes.signal(which, SIGCONT);
    }
  }
}

std::vector<std::string> faults_of_nodes(ta::node& here) {
  std::vector<std::string> faults;
  for (int which = 0; which < nodes; ++which) {
    const auto name = "n" + std::to_string(which);
    ta::json told, tasks;
    try {
      told = ta::submit_named(here, {}, ta::on_node(name), "taskactor.nodes").value().get();
      tasks = ta::submit_named(here, {}, ta::on_node(name), "taskactor.status").value().get();
    } catch (const ta::node_lost& lost) { // by a machine that is busy with other things
      faults.push_back(name + ": " + lost.what());
      continue;
    }
    if (told["inbound"] != 1) // this question
      faults.push_back(name + " has calls left: " + told.dump());
    if (told["window"] != 8 + 2)
      faults.push_back(name + " has lost places in its window: " + told.dump());
    if (told["violations"] != 0)
      faults.push_back(name + " has seen a violation: " + told.dump());
    if (!tasks.empty())
      faults.push_back(name + " has tasks left: " + tasks.dump());
  }
  return faults;
}

/// What is wrong when all calls have their outcomes, and is still wrong half a minute later: what was
/// cancelled ends where it runs after that.
std::vector<std::string> faults_at_rest(ta::node& here, const ta::task_manager& tasks) {
  for (const auto end = std::chrono::steady_clock::now() + 30s;;) {
    auto faults = faults_of_nodes(here);
    const auto counts = here.statistics();
    if (counts.submitted != counts.answered || counts.waiting != 0 || counts.on_their_way != 0)
      faults.emplace_back("calls are open that nobody waits for");
    if (const auto own = tasks.statistics(); own.global.in_use != 0 || own.running != 0)
      faults.emplace_back("a token is lost here");
    if (faults.empty() || std::chrono::steady_clock::now() > end)
      return faults;
    std::this_thread::sleep_for(100ms);
  }
}

int run(const std::string& program, std::uint32_t seed, std::chrono::seconds time) {
  const auto folder
      = std::filesystem::temp_directory_path() / ("taskactor-nodes-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  std::vector<std::string> faults;
  tally ends;
  {
    cast processes{program, folder.string()};
    ta::task_manager tasks{{.capacity = 16, .logger = std::make_shared<spdlog::logger>("taskactor")}};
    ta::node here{tasks, {.name = "caller", .drain = 1s}};
    for (int which = 0; which < nodes; ++which)
      here.join(address_of(folder.string(), which));
    here.wait_for_peers(nodes, 30s);
    std::atomic<bool> stop{false};
    std::vector<std::jthread> submitters;
    for (std::uint32_t i = 0; i < 3; ++i)
      submitters.emplace_back([&, i] { submit_calls(here, seed * 10 + i, stop, ends); });
    harm(processes, seed, std::chrono::steady_clock::now() + time);
    for (int which = 0; which < nodes; ++which)
      processes.start(which);
    if (!here.wait_for_peers(nodes, 30s))
      faults.emplace_back("not all nodes have come back");
    stop = true;
    submitters.clear();
    for (auto& each : faults_at_rest(here, tasks))
      faults.push_back(std::move(each));
    const auto counts = here.statistics();
    std::cout << ends.calls << " calls: " << ends.right << " right, " << ends.lost << " lost, "
              << ends.given_up << " given up after three nodes, " << ends.ended << " cancelled or timed out; "
              << counts.run_again << " run again, " << counts.returned << " returned, "
              << counts.stale_answers << " late answers refused, " << counts.sessions_lost
              << " sessions lost\n";
  }
  std::filesystem::remove_all(folder);
  if (ends.wrong != 0 || ends.failed != 0 || ends.incomplete != 0)
    faults.push_back(std::to_string(ends.wrong) + " wrong, " + std::to_string(ends.failed) + " failed, "
                     + std::to_string(ends.incomplete) + " idempotent and incomplete");
  for (const auto& each : faults)
    std::cerr << each << '\n';
  return faults.empty() ? 0 : 1;
}

} // namespace

int main(int argc, char* argv[]) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 3 && words[0] == "node")
    be_node(words[1], std::stoi(words[2]));
  std::uint32_t seed = 1;
  std::chrono::seconds time{8};
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    if (words[i] == "--seed")
      seed = static_cast<std::uint32_t>(std::stoul(words[i + 1]));
    else if (words[i] == "--time")
      time = std::chrono::seconds{std::stoul(words[i + 1])};
    else
      return std::cerr << "use: taskactor_stress_nodes [--seed N] [--time S]\n", 2;
  }
  return run(std::filesystem::read_symlink("/proc/self/exe").string(), seed, time);
}
