#include "command/command_loop.hpp"

#include "base/memory.hpp"
#include "base/signal_blocked.hpp"
#include "command/process_group.hpp"
#include "command/shortage.hpp"
#include "command/signal_name.hpp"

#include <taskactor/detail/time_slice.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <new>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>

namespace taskactor::detail {

namespace {

constexpr std::size_t piece_size = 1 << 16; // a pipe's usual capacity
constexpr int starts_per_step = 8;
constexpr std::chrono::milliseconds retry_interval{10};
constexpr std::chrono::milliseconds for_ever{-1};
/// Nothing but SIGCHLD tells of a child that has stopped, and that signal is the program's.
constexpr std::chrono::milliseconds look_interval{500};
constexpr std::chrono::milliseconds look_interval_on_terminal{50}; // somebody waits for a prompt

/// While there is room for nothing: an end of another program can't be heard of.
constexpr std::chrono::milliseconds room_interval{100};
/// Starts that fail in the process itself. What it lacks may be what its own program can't have.
constexpr std::size_t tries_in_child = 5;

template <class T>
void add(std::vector<T>& to, T what) noexcept {
  once_there_is_memory([&] { to.push_back(what); });
}

} // namespace

command_loop::command_loop(std::shared_ptr<command_table> table)
    : table_(std::move(table)),
      null_(own(::open("/dev/null", O_RDONLY | O_CLOEXEC), "/dev/null")),
      buffer_(piece_size) {
  poller_.watch(table_->wakeup_fd(), EPOLLIN, make_token(0, part::wakeup_fd));
}

void command_loop::run() noexcept {
  const signal_blocked unread{SIGPIPE}; // a command that has closed its input: a write fails instead
  ask_for_short_slices();
  table_->serve();
  while (!finished())
    step();
  give_up();
}

void command_loop::step() noexcept {
  for (const auto& event : poller_.wait(patience()))
    dispatch(event.data.u64);
  if (table_->stopping() && !give_up_at_)
    begin_stop();
  look_for_stops();
  read_for_some();
  start_some();
  look_at_unwatched();
  reap_late();
  reap_adopted();
}

std::chrono::milliseconds command_loop::patience() const noexcept {
  const bool waits_for_room = short_until_ && !give_up_at_;
  if (table_->has_next() && !waits_for_room)
    return std::chrono::milliseconds{0};
  if (!adopted_.empty() || !late_.empty() || !unwatched_.empty() || give_up_at_)
    return retry_interval;
  if (waits_for_room)
    return room_interval;
  const bool may_be_stopped = std::any_of(commands_.begin(), commands_.end(),
                                          [](const auto& each) { return !each.second->request().stays; });
  return may_be_stopped ? time_between_looks() : for_ever;
}

std::chrono::milliseconds command_loop::time_between_looks() const noexcept {
  return commands_.contains(on_terminal_) ? look_interval_on_terminal : look_interval;
}

void command_loop::look_for_stops() noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_)
    return;
  next_look_ = now + time_between_looks();
  for (const auto& [key, command] : commands_)
    command->look_for_stop();
}

void command_loop::dispatch(std::uint64_t token) noexcept {
  if (part_of(token) == part::wakeup_fd)
    return table_->acknowledge();
  if (part_of(token) == part::watchdog)
    return on_watchdog_end();
  const auto found = commands_.find(key_of(token));
  if (found == commands_.end())
    return; // it ended earlier in this step
  if (part_of(token) == part::exit)
    end(*found->second);
  else
    found->second->on_ready(part_of(token), buffer_);
}

void command_loop::read_for_some() noexcept {
  for (const auto& [key, then] : table_->readings()) {
    const auto found = commands_.find(key);
    if (found != commands_.end() && then)
      found->second->drain(buffer_);
    else if (found != commands_.end())
      found->second->read_on();
    if (then)
      then();
  }
}

// -- starting ---------------------------------------------------------------

void command_loop::start_some() noexcept {
  int abandoned_by = 0;
  if (short_until_ && !give_up_at_ && std::chrono::steady_clock::now() < *short_until_) {
    while (auto request = table_->next_abandoned(abandoned_by))
      start(std::move(*request), abandoned_by);
    return;
  }
  short_until_.reset();
  for (int i = 0; i < starts_per_step && !short_until_; ++i)
    if (auto request = table_->next(abandoned_by))
      start(std::move(*request), abandoned_by);
}

void command_loop::start(start_request&& request, int abandoned_by) noexcept {
  auto& command = enter(std::move(request));
  if (const auto refused = once_there_is_memory([&] { return refusal_of(command, abandoned_by); }))
    return abort(command, *refused);
  std::exception_ptr thrown;
  try {
    launch(command);
    return;
  } catch (...) {
    thrown = std::current_exception();
  }
  const auto error = once_there_is_memory([&] { return error_of(command, thrown); });
  if (error.is_shortage() && may_wait(command))
    wait_for_room(command);
  else
    abort(command, error);
}

running_command& command_loop::enter(start_request&& request) noexcept {
  const auto key = request.key;
  return *once_there_is_memory([&]() -> auto& {
    auto& command = commands_[key];
    if (!command)
      command = std::make_unique<running_command>(std::move(request), poller_);
    return command;
  });
}

std::optional<start_error> command_loop::refusal_of(const running_command& command, int abandoned_by) const {
  const auto& program = command.request().plan.program;
  if (command.request().refused)
    return command.request().refused;
  if (abandoned_by != 0)
    return start_error{errc::stopping,
                       "'" + program + "' was abandoned before its start by " + signal_name(abandoned_by)};
  if (give_up_at_)
    return start_error{errc::stopping, "'" + program + "' was not started: commands are served no more"};
  return std::nullopt;
}

/// What has kept it from its start, and whether that may be over when another one has ended.
start_error command_loop::error_of(const running_command& command, const std::exception_ptr& thrown) const {
  const auto cannot_run = [&](const std::exception& error, bool shortage) {
    return start_error{errc::command_not_started,
                       "cannot run '" + command.request().plan.program + "': " + error.what(), shortage};
  };
  try {
    std::rethrow_exception(thrown);
  } catch (const start_error& error) {
    return {error.code(), error.what(), error.is_shortage() && command.request().tries < tries_in_child};
  } catch (const std::system_error& error) {
    return cannot_run(error, is_shortage(error.code()));
  } catch (const std::exception& error) {
    return cannot_run(error, dynamic_cast<const std::bad_alloc*>(&error) != nullptr);
  }
}

/// There is another one that will end, and have more room then.
bool command_loop::may_wait(const running_command& command) const noexcept {
  return !adopted_.empty() || std::any_of(commands_.begin(), commands_.end(), [&](const auto& each) {
    return each.second.get() != &command && !each.second->request().stays;
  });
}

void command_loop::wait_for_room(running_command& command) noexcept {
  table_->not_started(); // first: nobody may signal what is reaped
  command.give_back(watchdog_.groups());
  if (command.pid() > 0)
    kill_and_reap(command.pid()); // it hasn't become the program
  const auto held = commands_.extract(command.key());
  table_->put_back(held.mapped()->give_up());
  short_until_ = std::chrono::steady_clock::now() + room_interval;
}

void command_loop::launch(running_command& command) {
  if (!watchdog_image_)
    watchdog_image_.emplace();
  if (!watchdog_.watching())
    start_watchdog();
  if (command.open_terminal())
    on_terminal_ = command.key();
  command.prepare(watchdog_.groups());
  command.start(null_.get(), stack_, table_->starting(command.key()));
  std::erase(adopted_, command.pid()); // the number can be used again: then the last of that group has ended
  if (command.failure().stage != start_stage::none)
    throw explain(command.request().plan, command.failure());
  if (const int asked_meanwhile = table_->running(command.key(), command.pid()))
    signal_group(command.pid(), asked_meanwhile);
  const auto how = command.attach();
  if (how == running_command::attached::no)
    end(command);
  else if (how == running_command::attached::partly)
    add(unwatched_, command.key());
}

void command_loop::start_watchdog() {
  poller_.close(watchdog_.end());
  watchdog_.start(*watchdog_image_);
  poller_.watch(watchdog_.end(), EPOLLIN, make_token(0, part::watchdog));
}

/// Something has killed it. Commands that run are not to be without one for long.
void command_loop::on_watchdog_end() noexcept {
  if (watchdog_.watching())
    return;
  poller_.close(watchdog_.end());
  if (commands_.empty() || !watchdog_.may_restart())
    return;
  try {
    start_watchdog();
  } catch (const std::exception&) { // there's a shortage: the next command's start will tell, if that lasts
  }
}

void command_loop::abort(running_command& command, const start_error& error) noexcept {
  table_->not_started();
  release(command, command_end::never_started);
  if (command.pid() > 0) {
    kill_and_reap(command.pid());
    add(adopted_, command.pid());
  }
  const auto held = commands_.extract(command.key());
  held.mapped()->conclude(error);
}

// -- ending -----------------------------------------------------------------

void command_loop::end(running_command& command) noexcept {
  command.note_end();
  release(command, command_end::ended);
  command.drain(buffer_);
  if (conclude(command))
    return;
  command.stop_watching();
  add(late_, command.key());
}

bool command_loop::conclude(running_command& command) noexcept {
  if (!command.reap())
    return false;
  add(adopted_, command.pid());
  short_until_.reset(); // there is room again
  const auto held = commands_.extract(command.key());
  held.mapped()->conclude();
  return true;
}

/// As often as what can't be reaped yet.
void command_loop::look_at_unwatched() noexcept {
  std::erase_if(unwatched_, [this](std::uint64_t key) {
    const auto found = commands_.find(key);
    if (found == commands_.end())
      return true;
    const auto how = found->second->look();
    if (how == running_command::attached::no)
      end(*found->second);
    return how != running_command::attached::partly;
  });
}

void command_loop::reap_late() noexcept {
  std::erase_if(late_, [this](std::uint64_t key) { return conclude(*commands_.at(key)); });
}

/// Before the leader is reaped, while the group's number can't be another's: its last members are killed, the
/// watchdog forgets it, and callers can't signal it any more.
void command_loop::release(running_command& command, command_end end) noexcept {
  command.leave();
  if (command.pid() > 0)
    signal_group(command.pid(), SIGKILL);
  command.give_back(watchdog_.groups());
  table_->retire(command.key(), end);
}

/// Orphans of a command become children of process 1, or of a "child subreaper". If that is this process, it
/// has to reap them; of all its children, only those that carry the group's number are touched.
void command_loop::reap_adopted() noexcept {
  std::erase_if(adopted_, [](pid_t group) {
    pid_t answer = 0;
    do
      answer = ::waitpid(-group, nullptr, WNOHANG);
    while (answer > 0);
    return answer < 0; // none is left
  });
}

void command_loop::begin_stop() noexcept {
  give_up_at_ = std::chrono::steady_clock::now() + stop_limit;
  for (const auto& [key, command] : commands_)
    if (command->pid() > 0)
      signal_group(command->pid(), SIGKILL);
}

bool command_loop::finished() const noexcept {
  if (!give_up_at_ || table_->has_next())
    return false;
  return (commands_.empty() && adopted_.empty()) || std::chrono::steady_clock::now() >= *give_up_at_;
}

void command_loop::give_up() noexcept {
  for (const auto& [key, command] : std::exchange(commands_, {})) {
    command->note_end();
    command->leave();
    table_->retire(key, command_end::ended);
    command->conclude();
  }
}

} // namespace taskactor::detail
