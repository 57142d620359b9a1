#include "peers.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string_view>

namespace bench {

namespace {

enum class kind : std::uint8_t {
  python,  ///< a script
  program, ///< built with this one
  erlang,  ///< a script
  node,    ///< a script, with npm's packages in a folder
};

struct peer {
  std::string_view name;
  kind what;
  std::string_view file;
  std::string_view argument; ///< before all others, where one program is several peers
  std::string_view package;  ///< what it needs, beside a build of this repository
};

constexpr std::string_view ourselves = "one-thread";

constexpr peer peers[]{
    {"anyio", kind::python, "anyio_manager.py", {}, "python3-anyio"},
    {"asyncio", kind::python, "asyncio_tasks.py", {}, "python3"},
    {"futures", kind::python, "futures_pools.py", {}, "python3"},
    {"asio", kind::program, "asio_tasks", {}, "libasio-dev"},
    {"tbb", kind::program, "tbb_tasks", {}, "libtbb-dev"},
    {"go", kind::program, "go_tasks", {}, "golang-go"},
    {"erlang", kind::erlang, "erlang_tasks.escript", {}, "erlang-base"},
    {"caf", kind::program, "caf_actors", {}, "libcaf-dev"},
    {"socketpair", kind::program, "bare_loops", "socketpair", "g++"},
    {"posix_spawn", kind::program, "bare_loops", "posix_spawn", "g++"},
    {"epoll", kind::program, "bare_loops", "epoll", "g++"},
    {"curl_multi", kind::program, "curl_loop", {}, "libcurl4-openssl-dev"},
    {"beast", kind::program, "beast_client", {}, "libboost-dev"},
    {"aiohttp", kind::python, "aiohttp_client.py", {}, "python3-aiohttp"},
    {"httpx", kind::python, "httpx_client.py", {}, "python3-httpx python3-anyio"},
    {"sqlite", kind::program, "bare_queue", {}, "libsqlite3-dev"},
    {"libpq", kind::program, "bare_postgres", {}, "libpq-dev"},
    {"graphile-worker", kind::node, "graphile_queue.mjs", TASKACTOR_BENCH_NPM, "postgresql"},
    {"pg-boss", kind::node, "pg_boss_queue.mjs", TASKACTOR_BENCH_NPM, "postgresql"},
    {"bullmq", kind::node, "bullmq_queue.mjs", TASKACTOR_BENCH_NPM, "redis-server"},
    {"celery", kind::python, "celery_queue.py", {}, "redis-server python3-celery python3-redis"},
    {"apscheduler", kind::python, "apscheduler_jobs.py", "threads", "python3-apscheduler"},
    {"apscheduler-asyncio", kind::python, "apscheduler_jobs.py", "asyncio", "python3-apscheduler"},
    {"xargs", kind::python, "command_tools.py", "xargs", "findutils"},
    {"parallel", kind::python, "command_tools.py", "parallel", "parallel"},
};

/// Where the peers that are compiled are: beside this program, as they are built.
std::filesystem::path built_peers() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "peers";
}

taskactor::command_line command_of(const peer& which, const std::string& python) {
  const auto script = std::filesystem::path{TASKACTOR_BENCH_PEERS} / which.file;
  taskactor::command_line result;
  switch (which.what) {
  case kind::python:
    result = {python, "-B", script.string()};
    break;
  case kind::program:
    result = {(built_peers() / which.file).string()};
    break;
  case kind::erlang:
    result = {"escript", script.string()};
    break;
  case kind::node:
    result = {"node", script.string()};
    break;
  }
  if (!which.argument.empty())
    result.emplace_back(which.argument);
  return result;
}

/// We with one thread of the scheduler: what the second one brings.
contender one_thread() {
  auto result = taskactor_itself(1);
  result.name = ourselves;
  result.title = "one thread";
  result.works = {"add", "gather", "thread"};
  return result;
}

bool does_any(const contender& who, const std::vector<const work*>& works) {
  return std::any_of(works.begin(), works.end(), [&](const work* each) { return who.does(*each); });
}

} // namespace

std::vector<std::string> all_peers() {
  std::vector<std::string> names;
  for (const auto& each : peers)
    names.emplace_back(each.name);
  names.emplace_back(ourselves);
  return names;
}

std::vector<contender> find_peers(taskactor::task_manager& tasks, const std::vector<std::string>& names,
                                  const std::vector<const work*>& works, const std::string& python) {
  const auto wanted
      = [&](std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  std::vector<contender> found;
  for (const auto& each : peers) {
    if (!wanted(each.name))
      continue;
    try {
      found.push_back(introduce(tasks, command_of(each, python)));
      found.back().name = each.name;
      found.back().slow = each.what == kind::python;
    } catch (const std::exception& error) {
      std::cerr << "taskactor-bench: " << each.name << " is skipped (Debian: apt-get install " << each.package
                << (each.what == kind::program ? ", and build again" : "") << "): " << error.what() << '\n';
    }
  }
  if (wanted(ourselves))
    found.push_back(one_thread());
  std::erase_if(found, [&](const contender& each) { return !does_any(each, works); });
  return found;
}

} // namespace bench
