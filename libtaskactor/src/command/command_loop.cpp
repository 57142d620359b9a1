#include "command/command_loop.hpp"

#include "base/memory.hpp"
#include "base/signal_blocked.hpp"
#include "base/time_slice.hpp"
#include "command/poll_token.hpp"
#include "command/process_group.hpp"
#include "command/shortage.hpp"
#include "command/signal_name.hpp"

#include <csignal>
#include <exception>
#include <new>
#include <system_error>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::size_t piece_size = 1 << 16; // a pipe's usual capacity
constexpr int starts_per_step = 8;
constexpr std::chrono::milliseconds retry_interval{10};
constexpr std::chrono::milliseconds for_ever{-1};
/// While there is room for nothing: an end of another program can't be heard of.
constexpr std::chrono::milliseconds room_interval{100};
/// Starts that fail in the process itself. What it lacks may be what its own program can't have.
constexpr std::size_t tries_in_child = 5;

void add(std::vector<std::uint64_t>& to, std::uint64_t key) noexcept {
  once_there_is_memory([&] { to.push_back(key); });
}

/// Why it isn't to be started at all; none: it is.
std::optional<start_error> refusal_of(const running_command& command, int abandoned_by, bool stopping) {
  const auto& program = command.request().plan.program;
  if (command.request().refused)
    return command.request().refused;
  if (abandoned_by != 0)
    return start_error{errc::stopping,
                       "'" + program + "' was abandoned before its start by " + signal_name(abandoned_by)};
  if (stopping)
    return start_error{errc::stopping, "'" + program + "' was not started: commands are served no more"};
  return std::nullopt;
}

/// What has kept it from its start, and whether that may be over when another one has ended.
start_error start_error_of(const running_command& command, const std::exception_ptr& thrown) {
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

} // namespace

command_loop::command_loop(std::shared_ptr<command_table> table)
    : table_(std::move(table)), launcher_(poller_), buffer_(piece_size) {
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
  if (table_->stopping() && !give_up_at_) {
    give_up_at_ = std::chrono::steady_clock::now() + stop_limit;
    commands_.kill_all();
  }
  commands_.look_for_stops();
  read_for_some();
  start_some();
  look_at_unwatched();
  reap_late();
  adopted_.reap();
}

std::chrono::milliseconds command_loop::patience() const noexcept {
  const bool waits_for_room = short_until_ && !give_up_at_;
  if (table_->has_next() && !waits_for_room)
    return std::chrono::milliseconds{0};
  if (!adopted_.empty() || !late_.empty() || !unwatched_.empty() || give_up_at_)
    return retry_interval;
  if (waits_for_room)
    return room_interval;
  return commands_.any_ends() ? commands_.look_interval() : for_ever; // it may be stopped
}

void command_loop::dispatch(std::uint64_t token) noexcept {
  if (part_of(token) == part::wakeup_fd)
    return table_->acknowledge();
  if (part_of(token) == part::watchdog)
    return launcher_.on_watchdog_end(!commands_.empty());
  auto* const found = commands_.find(key_of(token));
  if (!found)
    return; // it ended earlier in this step
  if (part_of(token) == part::exit)
    end(*found);
  else
    found->on_ready(part_of(token), buffer_);
}

void command_loop::read_for_some() noexcept {
  for (const auto& [key, then] : table_->readings()) {
    auto* const found = commands_.find(key);
    if (found && then)
      found->drain(buffer_);
    else if (found)
      found->read_on();
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
  auto& command = commands_.add(std::move(request), poller_);
  if (const auto refused
      = once_there_is_memory([&] { return refusal_of(command, abandoned_by, give_up_at_.has_value()); }))
    return abort(command, *refused);
  std::exception_ptr thrown;
  try {
    launch(command);
    return;
  } catch (...) {
    thrown = std::current_exception();
  }
  const auto error = once_there_is_memory([&] { return start_error_of(command, thrown); });
  if (error.is_shortage() && (!adopted_.empty() || commands_.any_ends(&command)))
    wait_for_room(command); // another one will end, and have more of it then
  else
    abort(command, error);
}

void command_loop::wait_for_room(running_command& command) noexcept {
  table_->not_started(); // first: nobody may signal what is reaped
  command.give_back(launcher_.groups());
  if (command.pid() > 0)
    kill_and_reap(command.pid()); // it hasn't become the program
  const auto held = commands_.remove(command.key());
  table_->put_back(held->give_up());
  short_until_ = std::chrono::steady_clock::now() + room_interval;
}

void command_loop::launch(running_command& command) {
  launcher_.ensure_watchdog();
  if (command.open_terminal())
    commands_.note_terminal(command.key());
  command.prepare(launcher_.groups());
  launcher_.start(command, table_->starting(command.key()));
  adopted_.remove(command.pid());
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

void command_loop::abort(running_command& command, const start_error& error) noexcept {
  table_->not_started();
  release(command, command_end::never_started);
  if (command.pid() > 0) {
    kill_and_reap(command.pid());
    adopted_.add(command.pid());
  }
  const auto held = commands_.remove(command.key());
  held->conclude(error);
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
  adopted_.add(command.pid());
  short_until_.reset(); // there is room again
  const auto held = commands_.remove(command.key());
  held->conclude();
  return true;
}

/// As often as what can't be reaped yet.
void command_loop::look_at_unwatched() noexcept {
  std::erase_if(unwatched_, [this](std::uint64_t key) {
    auto* const found = commands_.find(key);
    if (!found)
      return true;
    const auto how = found->look();
    if (how == running_command::attached::no)
      end(*found);
    return how != running_command::attached::partly;
  });
}

void command_loop::reap_late() noexcept {
  std::erase_if(late_, [this](std::uint64_t key) { return conclude(*commands_.find(key)); });
}

/// Before the leader is reaped, while the group's number can't be another's: its last members are killed, the
/// watchdog forgets it, and callers can't signal it any more.
void command_loop::release(running_command& command, command_end end) noexcept {
  command.leave();
  if (command.pid() > 0)
    signal_group(command.pid(), SIGKILL);
  command.give_back(launcher_.groups());
  table_->retire(command.key(), end);
}

bool command_loop::finished() const noexcept {
  if (!give_up_at_ || table_->has_next())
    return false;
  return (commands_.empty() && adopted_.empty()) || std::chrono::steady_clock::now() >= *give_up_at_;
}

void command_loop::give_up() noexcept {
  for (const auto& [key, command] : commands_.remove_all()) {
    command->note_end();
    command->leave();
    table_->retire(key, command_end::ended);
    command->conclude();
  }
}

} // namespace taskactor::detail
