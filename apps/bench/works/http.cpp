#include "web_server.hpp"
#include "works.hpp"

#include <taskactor/http.hpp>
#include <taskactor/taskactor.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace bench {

namespace {

constexpr std::size_t at_once = 64;

taskactor::task<std::size_t> ask(const taskactor::http::client& web, const std::string& url) {
  const auto answer = co_await web.get(url);
  check_equal(static_cast<std::size_t>(answer.status), 200);
  co_return answer.body.size();
}

} // namespace

sample run_http(std::size_t size, std::size_t scheduler_threads) {
  taskactor::task_manager tasks{{.capacity = at_once, .scheduler_threads = scheduler_threads}};
  const taskactor::http::client web{tasks, {.per_host = at_once}};
  const auto url = web_url();
  const std::vector<std::size_t> items(size);
  const stopwatch watch;
  const auto bodies = tasks.gather(
      {.concurrency = at_once, .each = {.timeout = std::chrono::seconds{30}}},
      [&](std::size_t) { return ask(web, url); }, items);
  check_equal(bodies.size(), size);
  for (const auto& each : bodies)
    check_equal(each.value(), web_body_size);
  return watch.read();
}

} // namespace bench
