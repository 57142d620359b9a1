#include "postgres/postgres_notices.hpp"

#include "base/all_signals_blocked.hpp"
#include "base/new_thread.hpp"
#include "base/service_thread.hpp"

#include <taskactor/backoff.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>

namespace taskactor::detail {

namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds last_words{1}, longest_call{10};
/// The time between two that one process sends. It grows while all processes together send more than so many
/// in a second, since each is heard by everybody.
constexpr milliseconds least_interval{10}, longest_interval{1'000};
constexpr std::size_t many_a_second = 200;
/// Longer than the connection's own pauses, in which nothing could be told to end.
constexpr milliseconds first_pause_between_tries{100}, last_pause_between_tries{6'000};

std::string new_id() {
  constexpr const char* digits = "0123456789abcdef";
  auto left = static_cast<std::uint64_t>(random_below(std::chrono::nanoseconds::max()).count());
  std::string id;
  for (int i = 0; i < 16; ++i, left >>= 4)
    id += digits[left & 15];
  return id;
}

postgres_options for_notices(postgres_options options, int stop) {
  options.stop = stop;
  options.prepare = false; // it says one thing
  options.call_timeout = std::min<std::chrono::nanoseconds>(options.call_timeout, longest_call);
  return options;
}

unique_fd new_event(const char* what) { return own(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), what); }

} // namespace

postgres_notices::postgres_notices(const postgres_options& options)
    : is_on_(options.notices),
      id_(new_id()),
      wake_(is_on_ ? new_event("eventfd") : unique_fd{}),
      stop_(is_on_ ? new_event("eventfd") : unique_fd{}),
      connection_(for_notices(options, stop_.get())),
      rhythm_{.interval = least_interval} {}

postgres_notices::~postgres_notices() {
  {
    const std::lock_guard lock{mutex_};
    shared_.is_closing = true;
  }
  if (!thread_.joinable())
    return;
  ::eventfd_write(wake_.get(), 1);
  if (!over_.wait_until(std::chrono::steady_clock::now() + last_words))
    ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void postgres_notices::listen(std::function<void(outside_change)> outside) {
  const std::lock_guard lock{mutex_};
  shared_.outside = std::move(outside);
}

void postgres_notices::serve(std::span<const queue_share> shares) {
  if (!is_on_)
    return;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& each : shares)
      shared_.served.insert(each.queue);
  }
  start();
}

void postgres_notices::start() noexcept {
  if (!is_on_)
    return;
  const std::lock_guard lock{mutex_};
  if (std::exchange(shared_.is_started, true))
    return;
  try {
    const all_signals_blocked inherited;
    thread_ = new_thread("the notices of a store", [this] { run(); });
  } catch (const std::exception& why) { // without one there are no hints
    try {
      shared_.silence = why.what();
    } catch (const std::bad_alloc&) { // NOLINT: nor a reason
    }
  }
}

void postgres_notices::tell(const postgres_news& news) noexcept {
  if (!is_on_ || news.empty())
    return;
  start();
  bool is_first = false;
  try {
    const std::lock_guard lock{mutex_};
    is_first = shared_.waiting.empty();
    shared_.waiting.add(news);
  } catch (const std::bad_alloc&) { // NOLINT: a hint
  }
  if (is_first)
    ::eventfd_write(wake_.get(), 1);
}

postgres_listener postgres_notices::state() const {
  const std::lock_guard lock{mutex_};
  return {.is_on = is_on_, .hears = hears_, .silence = hears_ ? std::string{} : shared_.silence};
}

// -- its thread -------------------------------------------------------------

void postgres_notices::run() {
  const service_thread here;
  auto pause = first_pause_between_tries;
  for (;;) {
    bool is_closing = false;
    try {
      turn();
      pause = first_pause_between_tries;
    } catch (const std::exception& why) {
      hears_ = false;
      connection_.close();
      const std::lock_guard lock{mutex_};
      try {
        shared_.silence = why.what();
      } catch (const std::bad_alloc&) {
        shared_.silence.clear();
      }
      is_closing = shared_.is_closing;
    }
    if (connection_.descriptor() < 0 && !is_closing) {
      wait(std::chrono::steady_clock::now() + pause, false);
      pause = std::min(pause * 2, last_pause_between_tries);
    }
    const std::lock_guard lock{mutex_};
    if (shared_.is_closing && (shared_.waiting.empty() || is_closing))
      break;
  }
  connection_.close();
  over_.post();
}

/// Says what is due, hears what there is, waits for either.
void postgres_notices::turn() {
  if (connection_.descriptor() < 0)
    begin_listening();
  if (send_due(std::chrono::steady_clock::now()))
    adapt(std::chrono::steady_clock::now());
  hear();
  wait(next_turn(), true);
  hear();
}

void postgres_notices::begin_listening() {
  const auto now = std::chrono::steady_clock::now();
  connection_.script("LISTEN \"" + postgres_channel(connection_.options().schema)
                         + "\"; SET synchronous_commit = off",
                     now + connection_.options().call_timeout);
  rhythm_.next_canary = {};
  rhythm_.waits_for_canary = false;
}

postgres_notices::time postgres_notices::next_turn() {
  const std::lock_guard lock{mutex_};
  if (shared_.is_closing)
    return {};
  return shared_.waiting.empty() ? rhythm_.next_canary : std::min(rhythm_.next_canary, rhythm_.next_tell);
}

/// All that waits, and the canary, in one statement. False: nothing was due.
bool postgres_notices::send_due(time now) {
  postgres_news news;
  {
    const std::lock_guard lock{mutex_};
    if (shared_.is_closing || now >= rhythm_.next_tell)
      news = std::exchange(shared_.waiting, {});
  }
  const bool is_canary = now >= rhythm_.next_canary;
  if (news.empty() && !is_canary)
    return false;
  if (is_canary) {
    if (rhythm_.waits_for_canary) {
      hears_ = false;
      const std::lock_guard lock{mutex_};
      shared_.silence
          = "what it tells itself doesn't come back: a pooler gives the connection to others between "
            "transactions";
    }
    rhythm_.waits_for_canary = true;
    rhythm_.next_canary = now + connection_.options().canary;
  }
  try {
    connection_.run("SELECT @tell($1, $2::text[], $3, $4, $5)",
                    postgres_values{id_, array_of(news.ready), news.all, news.ended, is_canary},
                    now + connection_.options().call_timeout);
  } catch (const std::exception&) {
    const std::lock_guard lock{mutex_};
    shared_.waiting.add(news);
    throw;
  }
  rhythm_.next_tell = std::chrono::steady_clock::now() + rhythm_.interval;
  return true;
}

/// What all hear is bounded: so who sends many sends them together.
void postgres_notices::adapt(time now) noexcept {
  if (now < rhythm_.next_second)
    return;
  if (rhythm_.heard > many_a_second)
    rhythm_.interval = std::min(rhythm_.interval * 2, longest_interval);
  else if (rhythm_.heard < many_a_second / 2)
    rhythm_.interval = std::max(rhythm_.interval / 2, least_interval);
  rhythm_.heard = 0;
  rhythm_.next_second = now + std::chrono::seconds{1};
}

void postgres_notices::hear() {
  for (const auto& said : connection_.heard()) {
    const std::string_view all{said};
    const auto at = all.find(':');
    if (at == std::string_view::npos)
      continue;
    if (all.substr(0, at) != id_) {
      ++rhythm_.heard;
      hear_other(all.substr(at + 1));
      continue;
    }
    rhythm_.waits_for_canary = false;
    hears_ = true;
  }
}

/// `q` and a queue's name; `a`: any queue; `e`: jobs have ended.
void postgres_notices::hear_other(std::string_view what) {
  std::function<void(outside_change)> outside;
  const bool is_ended = what == "e";
  {
    const std::lock_guard lock{mutex_};
    const bool matters = is_ended || what == "a"
                         || (what.starts_with('q') && shared_.served.contains(std::string{what.substr(1)}));
    if (!matters)
      return;
    outside = shared_.outside;
  }
  hinted_ = true;
  if (outside)
    outside(is_ended ? outside_change::ended : outside_change::ready);
}

void postgres_notices::wait(time until, bool also_server) {
  std::array<pollfd, 3> fds{pollfd{wake_.get(), POLLIN, 0}, pollfd{stop_.get(), POLLIN, 0},
                            pollfd{also_server ? connection_.descriptor() : -1, POLLIN, 0}};
  for (;;) {
    const auto rest = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    if (rest.count() <= 0)
      return;
    const auto limit = static_cast<int>(std::min<std::int64_t>(rest.count(), 60'000));
    if (::poll(fds.data(), fds.size(), limit) > 0) {
      eventfd_t woken = 0;
      ::eventfd_read(wake_.get(), &woken);
      const std::lock_guard lock{mutex_};
      if (also_server || shared_.is_closing) // else only its end cuts a pause short
        return;
    }
  }
}

} // namespace taskactor::detail
