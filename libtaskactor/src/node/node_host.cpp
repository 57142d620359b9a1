#include "node/node_host.hpp"

#include "base/new_thread.hpp"
#include "base/service_thread.hpp"
#include "lifecycle/manager_core.hpp"
#include "node/node_identity.hpp"
#include "node/own_tasks.hpp"
#include "transport/frame.hpp"

#include <taskactor/detail/admit.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>
#include <stdexcept>
#include <utility>

namespace taskactor::detail {

namespace {

node_time now() noexcept { return std::chrono::steady_clock::now(); }

node_core_options core_options(const node_options& options) {
  return {.self = {options.name, new_uuid(), new_incarnation()},
          .labels = options.labels,
          .times = {.heartbeat = options.heartbeat,
                    .lease = options.lease,
                    .greeting = options.limits.handshake_timeout},
          .rights = options.rights,
          .seed = std::random_device{}()};
}

/// Bytes of a result, or of arguments.
std::size_t largest_value(const node_options& options) noexcept {
  constexpr std::size_t around_bytes = 2048; // of a frame, beside its bytes: numbers, a name and an id
  return options.limits.max_frame - std::min(options.limits.max_frame, around_bytes);
}

} // namespace

node_host::node_host(task_manager& manager, node_options options)
    : manager_(manager),
      home_(core_of(manager)),
      options_(checked(std::move(options))),
      ports_(core_, links_, tasks_, home_.events()),
      core_(core_options(options_), ports_, home_.events()),
      links_(options_, core_, home_),
      tasks_(
          largest_value(options_),
          [this](std::string_view name, const std::string& arguments) {
            return run_own_task(*this, name, arguments);
          },
          core_, home_) {}

node_host::~node_host() { stop(); }

// -- the clock --------------------------------------------------------------

void node_host::start() {
  tasks_.set_owner(weak_from_this());
  clock_ = new_thread<std::jthread>("the clock of a node",
                                    [this](const std::stop_token& stop) { keep_time(stop); });
}

void node_host::keep_time(const std::stop_token& stop) {
  const service_thread scope;
  constexpr int ticks = 4; // for each heartbeat
  std::mutex mutex;
  std::condition_variable_any wakeup;
  std::unique_lock lock{mutex};
  while (!stop.stop_requested()) {
    core_.enter([&](node_core& core) {
      const bool works = options_.capacity != std::size_t{0};
      core.windows().set_capacity(capacity_now(core), works ? options_.prefetch : 0);
      core.tick(now());
    });
    tasks_.forget_ended();
    wakeup.wait_for(lock, stop, options_.heartbeat / ticks, [] { return false; });
  }
}

/// What the manager's own tasks use of its capacity isn't for others.
std::size_t node_host::capacity_now(const node_core& core) const noexcept {
  const auto all = home_.capacity.load();
  const auto inbound = core.statistics().inbound;
  const auto used = home_.tokens_used.load();
  const auto by_own = used - std::min(used, inbound);
  const auto left = all - std::min(all, by_own);
  return options_.capacity ? std::min(*options_.capacity, left) : left;
}

// -- addresses --------------------------------------------------------------

void node_host::join(const std::string& address, const std::string& expected_name) {
  const auto text = link_address::parse(address).text(); // whose errors are those of this call
  core_.enter([&](node_core& core) {
    links_.expect(text, expected_name);
    core.join(text, now());
  });
}

bool node_host::disconnect(const std::string& address) {
  const auto text = link_address::parse(address).text();
  bool was = false;
  core_.enter([&](node_core& core) { was = core.disconnect(text, now()); });
  return was;
}

// -- calls of ours ----------------------------------------------------------

std::uint64_t node_host::submit(call_request what, std::chrono::nanoseconds remaining) {
  const auto largest = tasks_.largest();
  if (what.arguments.size() > largest)
    throw std::length_error{"the arguments of \"" + what.name
                            + "\" can't be sent: " + std::to_string(what.arguments.size())
                            + " bytes of CBOR; the limit is " + std::to_string(largest)};
  if (what.name.size() > node_name_limit)
    throw std::length_error{"the name of a task has at most " + std::to_string(node_name_limit) + " bytes"};
  if (!is_shallow(what.arguments))
    throw std::length_error{"the arguments of \"" + what.name + "\" can't be sent: more than "
                            + std::to_string(frame_depth) + " levels, or a CBOR tag"};
  std::uint64_t number = 0;
  core_.enter([&](node_core& core) {
    const auto begins = now();
    what.deadline = after(begins, remaining);
    number = core.submit(std::move(what), begins);
  });
  if (number == 0) // why is in the log
    throw std::runtime_error{"the call can't be made"};
  return number;
}

void node_host::cancel(std::uint64_t number) noexcept {
  core_.enter([&](node_core& core) { core.outbound().cancel(number); });
}

void node_host::abandon(std::uint64_t number) noexcept {
  core_.enter([&](node_core& core) { core.outbound().abandon(number); });
}

// -- what is asked from outside ---------------------------------------------

std::vector<node_peer> node_host::peers() {
  return core_.read([](const node_core& core) { return core.peers(); });
}

node_statistics node_host::statistics() {
  return core_.read([](const node_core& core) { return core.statistics(); });
}

bool node_host::wait_for_peers(std::size_t count, std::chrono::nanoseconds bound) {
  return core_.wait(bound, [&](const node_core& core) {
    const auto all = core.peers();
    return std::count_if(all.begin(), all.end(),
                         [](const auto& each) { return each.state == peer_state::up; })
           >= static_cast<std::ptrdiff_t>(count);
  });
}

bool node_host::leave(std::chrono::nanoseconds bound) {
  core_.enter([](node_core& core) { core.drain(); });
  const bool done = core_.wait(
      bound, [](node_core& core) { return core.inbound().is_empty() && core.outbound().is_empty(); });
  std::vector<std::shared_ptr<node_listening>> listenings;
  core_.enter([&](node_core& core) {
    listenings = links_.release_listenings();
    core.leave(now());
  });
  for (const auto& each : listenings)
    each->close();
  return done;
}

void node_host::stop() noexcept {
  if (clock_.joinable()) {
    clock_.request_stop();
    clock_.join();
  }
  links_.cut();
  tasks_.forget_ended(true);
}

} // namespace taskactor::detail
