#include "io/signal_table.hpp"

#include "base/invalid.hpp"
#include "io/io_loop.hpp"

#include <taskactor/error.hpp>
#include <taskactor/io/signals.hpp>
#include <taskactor/outcome.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace taskactor {

namespace detail {

namespace {

constexpr std::size_t numbers = NSIG;
static_assert(std::atomic<std::uint32_t>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

// What the handler touches.
std::array<std::atomic<std::uint32_t>, numbers> arrived;
std::atomic<int> bell{-1};

extern "C" void on_signal_of_a_task(int number) {
  const int kept = errno;
  arrived[static_cast<std::size_t>(number)].fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(bell.load(std::memory_order_relaxed), &one, sizeof one);
  errno = kept;
}

bool can_be_handled(int number) noexcept {
  constexpr std::array refused{SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
  const bool is_the_c_librarys = number >= __SIGRTMIN && number < SIGRTMIN;
  return number > 0 && number < NSIG && !is_the_c_librarys
         && std::find(refused.begin(), refused.end(), number) == refused.end();
}

} // namespace

/// The process's.
class signal_table {
public:
  static signal_table& instance() {
    static auto* const table = new signal_table; // for ever: a handler may run at the end of the process
    return *table;
  }

  void add(signal_registration& one) {
    const std::lock_guard lock{mutex_};
    listeners_.reserve(listeners_.size() + 1);
    one.loop_->watch_signals(bell_.get(), [] { instance().hand_on(); });
    std::size_t done = 0;
    try {
      for (; done < one.numbers_.size(); ++done)
        begin(one.numbers_[done]);
    } catch (...) {
      while (done-- > 0)
        end(one.numbers_[done]);
      throw;
    }
    hand_on_what_is_there(); // what came before isn't for this one
    listeners_.push_back(&one);
  }
  void remove(signal_registration& one) noexcept {
    const std::lock_guard lock{mutex_};
    if (std::erase(listeners_, &one) != 0)
      end_all(one);
  }

private:
  struct handled {
    std::size_t listeners = 0;
    bool is_ours = false;
    struct sigaction before {};
  };

  signal_table() : bell_(own(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) { bell = bell_.get(); }

  void begin(int number) {
    auto& at = handled_[static_cast<std::size_t>(number)];
    if (at.listeners == 0) {
      struct sigaction ours {};
      ours.sa_handler = on_signal_of_a_task;
      ours.sa_flags = SA_RESTART | SA_ONSTACK;
      ::sigfillset(&ours.sa_mask);
      if (::sigaction(number, nullptr, &at.before) != 0)
        throw std::system_error{errno, std::generic_category(), "sigaction"};
      at.is_ours = at.before.sa_handler != SIG_IGN;
      arrived[static_cast<std::size_t>(number)] = 0;
      if (at.is_ours && ::sigaction(number, &ours, nullptr) != 0)
        throw std::system_error{errno, std::generic_category(), "sigaction"};
    }
    ++at.listeners;
  }
  void end_all(const signal_registration& one) noexcept {
    for (const int number : one.numbers_)
      end(number);
  }
  /// Whoever has put a handler there since then keeps it.
  void end(int number) noexcept {
    auto& at = handled_[static_cast<std::size_t>(number)];
    if (--at.listeners != 0 || !at.is_ours)
      return;
    struct sigaction now {};
    if (::sigaction(number, nullptr, &now) == 0 && now.sa_handler == on_signal_of_a_task)
      ::sigaction(number, &at.before, nullptr);
  }
  /// On the loop's thread.
  void hand_on() noexcept {
    std::uint64_t rung = 0;
    [[maybe_unused]] const auto got = ::read(bell_.get(), &rung, sizeof rung);
    const std::lock_guard lock{mutex_};
    hand_on_what_is_there();
  }
  void hand_on_what_is_there() noexcept {
    for (std::size_t number = 1; number < numbers; ++number)
      if (const auto count = arrived[number].exchange(0, std::memory_order_relaxed))
        std::erase_if(listeners_, [&](auto* each) {
          const bool goes_on = hears(*each, static_cast<int>(number), count);
          if (!goes_on)
            end_all(*each);
          return !goes_on;
        });
  }
  static bool hears(const signal_registration& one, int number, std::size_t count) noexcept {
    return std::find(one.numbers_.begin(), one.numbers_.end(), number) == one.numbers_.end()
           || one.who_.on_signals(number, count);
  }

  const unique_fd bell_;
  std::mutex mutex_; // what follows
  std::vector<signal_registration*> listeners_;
  std::array<handled, numbers> handled_;
};

signal_registration::signal_registration(const std::vector<int>& which, signal_listener& who) : who_(who) {
  if (which.empty())
    throw_rejection(invalid("signals: none is named"));
  for (const int number : which) {
    if (!can_be_handled(number))
      throw_rejection(invalid("signals: " + std::to_string(number) + " can't be handled by a program"));
    if (std::find(numbers_.begin(), numbers_.end(), number) == numbers_.end())
      numbers_.push_back(number);
  }
  loop_ = io_loop::shared();
  signal_table::instance().add(*this);
}

signal_registration::~signal_registration() { signal_table::instance().remove(*this); }

signal_counts::signal_counts(const std::vector<int>& which)
    : counts_([&] {
        std::vector<count> all; // one that is named again has its first place
        for (const int number : which)
          if (std::none_of(all.begin(), all.end(), [&](const auto& each) { return each.number == number; }))
            all.push_back({number});
        return all;
      }()),
      registration_(which, *this) {}

bool signal_counts::on_signals(int number, std::size_t count) noexcept {
  const std::lock_guard lock{mutex_};
  for (auto& each : counts_)
    if (each.number == number)
      each.arrived += count;
  if (body_)
    body_->wake();
  return true;
}

bool signal_counts::take_or_wait(context& body) {
  const std::lock_guard lock{mutex_};
  if (body_)
    throw error{errc::already_awaited, "signals: another task awaits the next one of this object"};
  body_ = &body;
  return std::any_of(counts_.begin(), counts_.end(), [](const auto& each) { return each.arrived != 0; });
}

void signal_counts::leave() noexcept {
  const std::lock_guard lock{mutex_};
  body_ = nullptr;
}

bool signal_counts::has_any() const noexcept {
  const std::lock_guard lock{mutex_};
  return std::any_of(counts_.begin(), counts_.end(), [](const auto& each) { return each.arrived != 0; });
}

int signal_counts::take_and_leave() noexcept {
  const std::lock_guard lock{mutex_};
  body_ = nullptr;
  for (auto& each : counts_)
    if (each.arrived != 0) {
      --each.arrived;
      return each.number;
    }
  return 0;
}

signal_await::~signal_await() {
  if (std::exchange(waits_, false))
    at_->leave();
}

bool signal_await::begin(context& ctx) {
  stopped_ = false; // it may be awaited again
  if (const auto parks = ctx.refusal()) {
    stopped_ = true;
    return *parks;
  }
  if (!at_)
    throw_rejection(invalid("signals: this object was moved from"));
  const bool there = at_->take_or_wait(ctx);
  waits_ = true;
  if (there)
    return ctx.goes_on();
  ctx.waiting = this;
  return true;
}

bool signal_await::ready() const noexcept { return at_->has_any(); }

bool signal_await::stop() noexcept { return stopped_ = !at_->has_any(); }

ref<operation> signal_await::kill() noexcept {
  if (std::exchange(waits_, false))
    at_->leave();
  return {};
}

wait_reason signal_await::reason() const { return {"a signal"}; }

int signal_await::await_resume() {
  if (stopped_) {
    if (std::exchange(waits_, false))
      at_->leave();
    throw cancelled_error{};
  }
  waits_ = false;
  return at_->take_and_leave();
}

} // namespace detail

signals::signals(const std::vector<int>& which) : counts_(std::make_shared<detail::signal_counts>(which)) {}

} // namespace taskactor
