#include "node/node_host.hpp"

#include "base/new_thread.hpp"
#include "base/service_thread.hpp"
#include "events/hub.hpp"
#include "lifecycle/manager_core.hpp"
#include "node/inbound_task.hpp"
#include "transport/frame.hpp"

#include <taskactor/detail/admit.hpp>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::size_t around_bytes = 2048; // of a frame, beside its bytes: numbers, a name and an id

/// What is too long for a frame is told as that: an answer that can't be sent would never come.
void fit(inbound_result& how, std::size_t largest) {
  if (how.text.size() <= largest)
    return;
  if (how.how == inbound_result::kind::result)
    how = {.how = inbound_result::kind::failed,
           .text = "the result can't be sent: " + std::to_string(how.text.size())
                   + " bytes of CBOR; the limit is " + std::to_string(largest)};
  else
    how.text = cut_text(how.text, largest);
}

/// What a condition variable can add to the time.
std::chrono::nanoseconds waitable(std::chrono::nanoseconds bound) noexcept {
  return std::clamp<std::chrono::nanoseconds>(bound, std::chrono::nanoseconds{0}, std::chrono::years{1});
}

} // namespace

/// When there is no memory, a step is left out: the link that it was for ends by its lease.
void node_host::enter(const std::function<void()>& what) noexcept {
  std::vector<std::function<void()>> todo;
  try {
    const std::lock_guard lock{mutex_};
    what();
    todo.swap(later_);
  } catch (const std::exception& error) {
    home_.events().warn(std::string{"node: "} + error.what());
  }
  for (auto& each : todo)
    each();
}

// -- the clock --------------------------------------------------------------

void node_host::start() {
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
    std::vector<ref<inbound_task>> ended;
    enter([&] {
      const bool works = options_.capacity != std::size_t{0};
      core_.room().set_capacity(capacity_now(), works ? options_.prefetch : 0);
      core_.tick(now());
      ended.swap(ended_);
    });
    for (const auto& each : ended)
      each->forget();
    ended.clear();
    wakeup.wait_for(lock, stop, options_.heartbeat / ticks, [] { return false; });
  }
}

/// What the manager's own tasks use of its capacity isn't for others.
std::size_t node_host::capacity_now() noexcept {
  const auto all = home_.capacity.load();
  const auto guests = core_.statistics().guests;
  const auto used = home_.tokens_used.load();
  const auto by_own = used - std::min(used, guests);
  const auto left = all - std::min(all, by_own);
  return options_.capacity ? std::min(*options_.capacity, left) : left;
}

// -- calls of others --------------------------------------------------------

void node_host::begin(inbound_call call) {
  const auto id = call.id;
  const ref<inbound_task> inbound{new inbound_task{shared_from_this(), std::move(call)}};
  inbound_.emplace(id, inbound);
  later([inbound] { inbound->begin(); });
}

void node_host::stop(inbound_id which) {
  if (const auto found = inbound_.find(which); found != inbound_.end())
    later([inbound = found->second] { inbound->stop(); });
}

void node_host::hand_back(inbound_id which) {
  if (const auto found = inbound_.find(which); found != inbound_.end())
    later([inbound = found->second] { inbound->hand_back(); });
}

void node_host::begun(inbound_id which) noexcept {
  enter([&] { core_.inbound().begun(which); });
}

/// Perhaps under the lock of the record: it is let go of later.
void node_host::over(inbound_id which, inbound_result how) noexcept {
  enter([&] {
    fit(how, largest());
    if (auto found = inbound_.extract(which)) {
      if (stopped_) // there is no clock any more; who tells us still holds the record
        later([inbound = std::move(found.mapped())] { inbound->forget(); });
      else
        ended_.push_back(std::move(found.mapped()));
    }
    core_.inbound_ended(which, how);
    changed_.notify_all();
  });
}

void node_host::progressed(inbound_id which, std::uint64_t done, std::uint64_t total,
                           std::string text) noexcept {
  enter([&] { core_.inbound().progressed(which, done, total, std::move(text)); });
}

/// Its task's id ends with the call's number, that of a child in a slash and more.
bool node_host::relay_log(int level, std::string_view logger, std::string_view text) noexcept {
  constexpr int critical = 5;
  const auto* const task = current_task();
  if (!task || level < 0 || level > critical)
    return false;
  bool is = false;
  enter([&] {
    const auto id = task->current_id();
    const auto colon = id.rfind(':');
    inbound_id number = 0;
    if (colon == id.npos
        || std::from_chars(id.data() + colon + 1, id.data() + id.size(), number).ec != std::errc{})
      return;
    const auto found = inbound_.find(number);
    is = found != inbound_.end() && id.starts_with(found->second->id);
    if (is)
      core_.inbound().logged(number, static_cast<std::uint64_t>(level), cut_text(logger, node_name_limit),
                             cut_text(text));
  });
  return is;
}

std::size_t node_host::largest() const noexcept {
  return options_.max_frame - std::min(options_.max_frame, around_bytes);
}

// -- calls of ours ----------------------------------------------------------

std::uint64_t node_host::submit(call_request what, std::chrono::nanoseconds remaining) {
  if (what.arguments.size() > largest())
    throw std::length_error{"the arguments of \"" + what.name
                            + "\" can't be sent: " + std::to_string(what.arguments.size())
                            + " bytes of CBOR; the limit is " + std::to_string(largest())};
  if (what.name.size() > node_name_limit)
    throw std::length_error{"the name of a task has at most " + std::to_string(node_name_limit) + " bytes"};
  if (!is_shallow(what.arguments))
    throw std::length_error{"the arguments of \"" + what.name + "\" can't be sent: more than "
                            + std::to_string(frame_depth) + " levels, or a CBOR tag"};
  std::uint64_t number = 0;
  enter([&] {
    const auto begins = now();
    what.deadline = after(begins, remaining);
    number = core_.submit(std::move(what), begins);
  });
  if (number == 0) // why is in the log
    throw std::runtime_error{"the call can't be made"};
  return number;
}

void node_host::cancel(std::uint64_t number) noexcept {
  enter([&] { core_.outbound().cancel(number); });
}

void node_host::abandon(std::uint64_t number) noexcept {
  enter([&] { core_.outbound().abandon(number); });
}

void node_host::answer(const std::shared_ptr<call_sink>& whom, call_answer what) {
  changed_.notify_all();
  if (whom)
    later([whom, what = std::move(what)]() mutable { whom->ended(std::move(what)); });
}

void node_host::progress(const std::shared_ptr<call_sink>& whom, node_frames::progress what) {
  later([whom, what = std::move(what)]() mutable {
    whom->progressed(what.done, what.total, std::move(what.text));
  });
}

void node_host::log(const std::shared_ptr<call_sink>& whom, const std::string& node, node_frames::log what) {
  later([this, whom, node, what = std::move(what)] {
    home_.events().relay(static_cast<int>(what.level), whom->task_id() + " on " + node + ": "
                                                           + (what.logger.empty() ? "" : what.logger + ": ")
                                                           + what.text);
  });
}

void node_host::note(int level, const std::string& text) {
  changed_.notify_all();
  later([this, level, text] { home_.events().relay(level, options_.name + ": " + text); });
}

// -- what is asked from outside ---------------------------------------------

std::vector<node_peer> node_host::peers() {
  const std::lock_guard lock{mutex_};
  return core_.peers();
}

node_statistics node_host::statistics() {
  const std::lock_guard lock{mutex_};
  return core_.statistics();
}

bool node_host::wait_for_peers(std::size_t count, std::chrono::nanoseconds bound) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, waitable(bound), [&] {
    const auto all = core_.peers();
    return std::count_if(all.begin(), all.end(),
                         [](const auto& each) { return each.state == peer_state::up; })
           >= static_cast<std::ptrdiff_t>(count);
  });
}

bool node_host::leave(std::chrono::nanoseconds bound) {
  enter([&] { core_.drain(); });
  bool done = false;
  {
    std::unique_lock lock{mutex_};
    done = changed_.wait_for(lock, waitable(bound),
                             [this] { return core_.inbound().is_empty() && core_.outbound().is_empty(); });
  }
  std::vector<std::shared_ptr<node_listening>> listenings;
  enter([&] {
    listenings.swap(listenings_);
    core_.leave(now());
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
  net_.reset();
  std::vector<ref<inbound_task>> ended;
  enter([&] {
    stopped_ = true;
    ended.swap(ended_);
  });
  for (const auto& each : ended)
    each->forget();
}

} // namespace taskactor::detail
