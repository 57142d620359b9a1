#include "remote.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>
#include <taskactor/node/node.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <unistd.h>

namespace bench {

namespace {

namespace ta = taskactor;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
using taskactor::detail::link_identity;

std::size_t bench_size_of(std::string text) { return text.size(); }
TASKACTOR_REGISTER(bench_size_of);

/// Not a sleep: a node has to have a processor for it.
int bench_compute(int item) {
  const auto end = steady::now() + 2ms;
  while (steady::now() < end) {
  }
  return item;
}
TASKACTOR_REGISTER(bench_compute);

ta::node_options options_of(const link_identity& as, const std::string& name) {
  ta::node_options options;
  options.certificates = {as.authority, as.certificate, as.key};
  options.name = as.certificate.empty() ? name : '/' + name;
  return options;
}

std::uint16_t port_of(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
}

/// Nothing but figures is printed.
std::shared_ptr<spdlog::logger> no_log() {
  return std::make_shared<spdlog::logger>("bench", std::make_shared<spdlog::sinks::null_sink_mt>());
}

/// The side that calls, with the nodes that it has reached.
class caller {
public:
  caller(const link_identity& as, const std::vector<std::uint16_t>& ports, std::size_t at_once)
      : tasks_({.capacity = std::min<std::size_t>(at_once, 256), .max_queue = 1'000'000, .logger = no_log()}),
        node_(tasks_, callers_options(as)) {
    for (const auto port : ports)
      node_.join("127.0.0.1:" + std::to_string(port), as.certificate.empty() ? "" : "localhost");
    if (!node_.wait_for_peers(ports.size(), 20s))
      throw std::runtime_error{"a node can't be reached"};
  }
  ta::task_manager& tasks() noexcept { return tasks_; }
  ta::node& node() noexcept { return node_; }

private:
  static ta::node_options callers_options(const link_identity& as) {
    auto options = options_of(as, "caller");
    options.capacity = 0;
    return options;
  }
  ta::task_manager tasks_;
  ta::node node_;
};

double seconds_since(steady::time_point begin) {
  return std::chrono::duration<double>(steady::now() - begin).count();
}

void call(caller& from, const std::string& text, std::size_t count, std::size_t at_once) {
  std::vector<ta::handle<std::size_t>> calls;
  for (std::size_t done = 0; done < count; done += calls.size()) {
    calls.clear();
    for (std::size_t i = 0; i < std::min(at_once, count - done); ++i)
      calls.push_back(from.node().submit(ta::on_any(), bench_size_of, text).value());
    for (auto& each : calls)
      if (each.get() != text.size())
        throw std::runtime_error{"a call has given something else"};
  }
}

} // namespace

void serve_calls(const link_identity& as, std::size_t capacity,
                 const std::function<void(std::uint16_t)>& tell) {
  ta::task_manager tasks{{.capacity = capacity, .logger = no_log()}};
  ta::node mine{tasks, options_of(as, "serves-" + std::to_string(::getpid()))};
  tell(port_of(mine.listen("127.0.0.1:0")));
  mine.wait_for_peers(1, 20s);
  const auto is_up = [](const ta::node_peer& peer) { return peer.state == ta::peer_state::up; };
  for (auto peers = mine.peers(); std::any_of(peers.begin(), peers.end(), is_up); peers = mine.peers())
    std::this_thread::sleep_for(20ms);
}

double call_seconds(const link_identity& as, std::uint16_t port, std::size_t bytes, std::size_t count,
                    std::size_t at_once) {
  caller from{as, {port}, at_once};
  const std::string text(bytes, 'x');
  call(from, text, count / 10 + 1, at_once); // what is made once, is made
  const auto begin = steady::now();
  call(from, text, count, at_once);
  return seconds_since(begin);
}

double gather_seconds(const link_identity& as, const std::vector<std::uint16_t>& ports, std::size_t count) {
  caller from{as, ports, 64};
  std::vector<int> items(count);
  for (std::size_t i = 0; i < count; ++i)
    items[i] = static_cast<int>(i);
  const auto begin = steady::now();
  const auto all = from.tasks().gather(
      {.concurrency = 32},
      [&from](int item) -> ta::task<int> {
        const int result = co_await ta::run_on_node(from.node(), ta::on_least_loaded(), bench_compute, item);
        co_return result;
      },
      items);
  const auto seconds = seconds_since(begin);
  for (std::size_t i = 0; i < count; ++i)
    if (!all[i] || all[i].value() != items[i])
      throw std::runtime_error{"an item has given something else"};
  return seconds;
}

} // namespace bench
