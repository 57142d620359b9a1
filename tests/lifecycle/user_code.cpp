// Code of the user's that throws, blocks or waits, wherever it is called: nothing else is harmed by it. In
// real time: what blocks here blocks a thread.
#include "bodies.hpp"
#include "caf_adapter/compat.hpp"
#include "lifecycle/manager_core.hpp"
#include "support/leaks.hpp"
#include "threads/disposal.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <taskactor/actors/messages.hpp>
#include <taskactor/actors/request.hpp>
#include <taskactor/detail/caf_message.hpp>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <ranges>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace user_code_tests {

/// An argument, or a reply.
struct acts_when_copied {
  std::function<void()> act;
  acts_when_copied() = default;
  explicit acts_when_copied(std::function<void()> what) : act(std::move(what)) {}
  acts_when_copied(acts_when_copied&&) = default;
  acts_when_copied& operator=(acts_when_copied&&) = default;
  acts_when_copied(const acts_when_copied& other) : act(other.act) {
    if (act)
      act();
  }
};

} // namespace user_code_tests

TASKACTOR_LOCAL_MESSAGES_BEGIN(user_code_tests, 5900)
TASKACTOR_LOCAL_MESSAGE(user_code_tests, user_code_tests::acts_when_copied)
TASKACTOR_LOCAL_MESSAGES_END(user_code_tests)

using namespace test;
using user_code_tests::acts_when_copied;

namespace user_code {

enum class conduct { throws, blocks, waits };

/// One kind of user code, with what it does.
class scene {
public:
  explicit scene(conduct how) : how_(how) {}
  ~scene() { release(); }
  scene(const scene&) = delete;
  scene& operator=(const scene&) = delete;

  /// The user's code. What may not throw doesn't.
  void act(bool may_throw = true) {
    ++acted_;
    if (how_ == conduct::throws && may_throw)
      throw std::runtime_error{"user code"};
    if (how_ == conduct::blocks) {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return released_; });
    }
    if (how_ == conduct::waits)
      try {
        (void)tasks.add_task({}, after, 1ms, 1).value().get();
      } catch (const std::exception&) { // would block in a body, or is stopping
      }
  }
  void release() {
    const std::lock_guard lock{mutex_};
    released_ = true;
    changed_.notify_all();
  }
  int acted() const { return acted_; }
  /// Until it has been called, which it has to be.
  void wait_until_acted() {
    for (int i = 0; i < 1000 && acted_ == 0; ++i)
      tasks.add_task({}, after, 5ms, 1).value().wait();
    BOOST_TEST(acted_ > 0);
  }

private:
  const conduct how_;
  std::atomic<int> acted_{0};
  std::mutex mutex_; // what follows
  std::condition_variable changed_;
  bool released_ = false;

  class sink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    explicit sink(scene& of) : of_(of) {}

  private:
    void sink_it_(const spdlog::details::log_msg&) override {
      if (of_.log_acts)
        of_.act();
    }
    void flush_() override {}
    scene& of_;
  };

public:
  std::atomic<bool> log_acts{false}, alone{false};
  ta::task_manager tasks{
      {.capacity = 16,
       .cancel_grace = 50ms,
       .scheduler_threads = 4,
       .logger = std::make_shared<spdlog::logger>("scene", std::make_shared<sink>(*this))}};
};

/// Acts when its last owner is destroyed; what is an argument or a result has a destructor that doesn't
/// throw.
struct acts_at_end {
  std::shared_ptr<scene*> of;
  explicit acts_at_end(scene& s) : of(std::make_shared<scene*>(&s)) {}
  acts_at_end(acts_at_end&&) = default;
  acts_at_end(const acts_at_end&) = default;
  acts_at_end& operator=(acts_at_end&&) = default;
  ~acts_at_end() {
    if (of.use_count() == 1)
      (*of)->act(false);
  }
  int operator()() const { return 1; }
};

struct words_act : std::exception {
  scene* of;
  explicit words_act(scene& s) : of(&s) {}
  const char* what() const noexcept override {
    of->act(false);
    return "words";
  }
};

/// A task that waits until it is cancelled.
template <class... Args>
void cancel_waiting(scene& s, Args&&... args) {
  s.tasks.add_limiter("nothing", {.capacity = 1});
  (void)s.tasks.add_task({.id = "holder", .limits = {{"nothing"}}}, hanging);
  auto h = s.tasks.add_task({.id = "waits", .limits = {{"nothing"}}}, std::forward<Args>(args)...).value();
  h.cancel();
  h.wait();
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

/// Enough for the bodies of the first and second attempt.
ta::task_options twice(std::function<bool(const ta::failure&)> on = {}) {
  ta::task_options options;
  options.retry = ta::retry{.max_attempts = 3, .backoff = {.first = 1ms}, .retry_on = std::move(on)};
  return options;
}

ta::task<void> until(const std::atomic<bool>& is) {
  while (!is)
    co_await ta::sleep_for(1ms);
}

struct kind {
  std::string_view name;
  std::function<void(scene&)> begin;
};

const std::vector<kind>& kinds() {
  static const std::vector<kind> list{
      {"the destructor of an argument of a task that never ran",
       [](scene& s) {
         cancel_waiting(
             s, [](const acts_at_end&) {}, acts_at_end{s});
       }},
      {"the destructor of a callable that never ran", [](scene& s) { cancel_waiting(s, acts_at_end{s}); }},
      {"the destructor of an argument of a function",
       [](scene& s) {
         (void)s.tasks.add_task(
             {}, [](const acts_at_end&) {}, acts_at_end{s});
       }},
      {"the destructor of an argument of a coroutine",
       [](scene& s) {
         auto body = [](const acts_at_end&) -> ta::task<void> { co_await ta::sleep_for(1ms); };
         (void)s.tasks.add_task({}, body, acts_at_end{s});
       }},
      {"the destructor of the arguments of a task that may be tried again",
       [](scene& s) {
         (void)s.tasks.add_task(
             twice(), [](const acts_at_end&) {}, acts_at_end{s});
       }},
      {"the destructor of a value that nobody has a handle for",
       [](scene& s) {
         auto body = [&s]() -> ta::task<acts_at_end> {
           co_await until(s.alone);
           co_return acts_at_end{s};
         };
         (void)s.tasks.add_task({}, body);
         s.alone = true; // or the last handle, and with it this thread, would destroy it
       }},
      {"the destructor of an exception that nobody has a handle for",
       [](scene& s) {
         auto body = [&s]() -> ta::task<void> {
           co_await until(s.alone);
           throw acts_at_end{s};
         };
         (void)s.tasks.add_task({}, body);
         s.alone = true;
       }},
      {"the destructor of an exception that is followed by another attempt",
       [](scene& s) {
         auto body = [&s]() -> ta::task<void> {
           co_await until(s.alone);
           throw acts_at_end{s};
         };
         (void)s.tasks.add_task(twice(), body);
         s.alone = true;
       }},
      {"the destructor of a retry_on",
       [](scene& s) {
         (void)s.tasks.add_task(twice([last = acts_at_end{s}](const ta::failure&) { return false; }), [] {});
       }},
      {"the words of an exception",
       [](scene& s) { (void)s.tasks.add_task({}, [&s] { throw words_act{s}; }); }},
      {"the words of an exception that is followed by another attempt",
       [](scene& s) { (void)s.tasks.add_task(twice(), [&s] { throw words_act{s}; }); }},
      {"the words of an exception that an actor is answered with",
       [](scene& s) { ta::detail::post(s.tasks.actor(), ta::msg::run({}, [&s] { throw words_act{s}; })); }},
      {"the copy of an argument for an attempt",
       [](scene& s) {
         (void)s.tasks.add_task(
             twice(), [](const acts_when_copied&) { throw 1; }, acts_when_copied{[&s] { s.act(); }});
       }},
      {"the copy of an argument for an attempt of a task that an actor submits",
       [](scene& s) {
         ta::detail::post(s.tasks.actor(),
                          ta::msg::run(
                              twice(), [](const acts_when_copied&) {}, acts_when_copied{[&s] { s.act(); }}));
       }},
      {"the copy of a result for the actor that has asked",
       [](scene& s) {
         ta::detail::post(s.tasks.actor(),
                          ta::msg::run({}, [&s] { return acts_when_copied{[&s] { s.act(); }}; }));
       }},
      {"retry_on, about what was thrown",
       [](scene& s) {
         (void)s.tasks.add_task(twice([&s](const auto&) { return s.act(), true; }), failing, 0s);
       }},
      {"retry_on, about a timeout",
       [](scene& s) {
         auto options = twice([&s](const auto&) { return s.act(), true; });
         options.timeout = 5ms;
         (void)s.tasks.add_task(std::move(options), hanging);
       }},
      {"the sink of a gather",
       [](scene& s) {
         auto all = [&s] {
           auto sink = [&s](std::size_t, const auto&) { s.act(); };
           s.tasks.gather_each(
               {.concurrency = 1}, [](int) {}, std::vector<int>(3), sink);
         };
         (void)s.tasks.run_in_thread({}, all);
       }},
      {"the range of a gather",
       [](scene& s) {
         auto all = [](scene* here) -> ta::task<void> {
           auto item = [](int) {};
           auto items
               = std::views::iota(0, 3) | std::views::filter([here](int) { return here->act(), true; });
           (void)co_await ta::gather({.concurrency = 1}, item, std::move(items));
         };
         (void)s.tasks.add_task({}, all, &s);
       }},
      {"a sink of the log",
       [](scene& s) {
         s.log_acts = true;
         (void)s.tasks.add_task({}, failing, 0s);
       }},
      {"an item of a gather",
       [](scene& s) {
         auto all = [](scene* here) -> ta::task<void> {
           auto item = [](const acts_at_end&) {};
           std::vector<acts_at_end> items;
           items.emplace_back(*here);
           (void)co_await ta::gather({.concurrency = 1}, item, std::move(items));
         };
         (void)s.tasks.add_task({}, all, &s);
       }},
      {"an observer",
       [](scene& s) {
         static ta::subscription keeps;
         keeps = s.tasks.observe([&s](const ta::task_event&) { s.act(); },
                                 {.kinds = {ta::event_kind::completed}});
       }},
  };
  return list;
}

ta::task<std::size_t> ask(caf::actor whom) {
  const ta::msg::statistics what;
  const auto facts = co_await ta::request<ta::manager_statistics>(whom, 10s, what);
  co_return facts.waiting;
}

void others_go_on(scene& s) {
  auto asked = s.tasks.add_task({}, ask, s.tasks.actor()).value();
  auto late = s.tasks.add_task({.timeout = 20ms}, hanging).value();
  auto well = s.tasks.add_task({}, after, 5ms, 3).value();
  BOOST_TEST(late.wait_for(10s));
  BOOST_CHECK(late.state() == ta::state::timed_out);
  BOOST_TEST(well.wait_for(10s));
  auto again = s.tasks.add_task({.id = "waits"}, after, 0s, 4).value(); // the id is free
  BOOST_TEST(again.wait_for(10s));
  BOOST_TEST(asked.wait_for(10s));
  BOOST_CHECK(asked.state() == ta::state::completed);
}

} // namespace user_code

BOOST_AUTO_TEST_SUITE(user_code)

BOOST_AUTO_TEST_CASE(others_go_on_and_the_manager_ends_whatever_it_does) {
  for (const auto how : {conduct::throws, conduct::blocks, conduct::waits})
    for (const auto& each : kinds()) {
      BOOST_TEST_CONTEXT(each.name << (how == conduct::throws   ? " throws"
                                       : how == conduct::blocks ? " blocks"
                                                                : " waits")) {
        scene s{how};
        each.begin(s);
        s.wait_until_acted();
        others_go_on(s);
        s.release();
        const auto began = std::chrono::steady_clock::now();
        BOOST_TEST(s.tasks.shutdown({.drain = 0s, .cancel = 5s}).clean());
        BOOST_CHECK(std::chrono::steady_clock::now() - began < 10s);
      }
    }
}

BOOST_AUTO_TEST_CASE(a_task_is_answered_at_its_deadline_while_its_retry_on_blocks) {
  bool in_time = false;
  for (auto limit = 500ms; !in_time && limit < 20s; limit *= 2) { // until the body has thrown by then
    std::atomic<bool> late{false};
    scene s{conduct::blocks};
    auto options = twice([&s, &late](const ta::failure& what) {
      late = what.state() == ta::state::timed_out;
      return s.act(), true;
    });
    options.timeout = limit;
    {
      auto h = s.tasks.add_task(std::move(options), failing, 0s).value();
      s.wait_until_acted();
      in_time = !late;
      if (!in_time)
        continue;
      BOOST_TEST(h.wait_for(60s));
      BOOST_CHECK(h.state() == ta::state::failed);
      BOOST_CHECK_THROW(h.get(), std::runtime_error);
    } // its outcome is forgotten while the question is open
    BOOST_TEST(s.acted() == 1);
    others_go_on(s);
    s.release();
    BOOST_TEST(s.tasks.shutdown({.drain = 5s, .cancel = 5s}).clean());
  }
  BOOST_TEST(in_time);
}

BOOST_AUTO_TEST_CASE(what_was_refused_is_destroyed_by_the_caller) {
  scene s{conduct::throws};
  static std::thread::id where;
  struct tells {
    std::shared_ptr<int> last = std::make_shared<int>(0);
    tells() = default;
    tells(tells&&) = default;
    ~tells() {
      if (last)
        where = std::this_thread::get_id();
    }
    void operator()() const {}
  };
  (void)s.tasks.add_task({.id = "a"}, hanging);
  BOOST_TEST(!s.tasks.add_task({.id = "a"}, tells{}));
  BOOST_CHECK(where == std::this_thread::get_id());
  (void)s.tasks.shutdown({.drain = 0s});
}

BOOST_AUTO_TEST_CASE(what_hangs_holds_up_neither_the_rest_nor_the_end) {
  static std::mutex mutex;
  static std::condition_variable changed;
  static bool open = false;
  struct hangs {
    std::shared_ptr<int> last = std::make_shared<int>(0);
    hangs() = default;
    hangs(hangs&&) = default;
    ~hangs() {
      if (!last)
        return;
      std::unique_lock lock{mutex};
      changed.wait(lock, [] { return open; });
    }
    void operator()() const {}
  };
  std::atomic<int> destroyed{0};
  const auto began = std::chrono::steady_clock::now();
  {
    const leaks_ignored leaks;
    ta::task_manager tasks{{.capacity = 0}};
    std::vector<ta::handle<void>> handles;
    for (int i = 0; i < 3; ++i)
      handles.push_back(tasks.add_task({.id = "hangs-" + std::to_string(i)}, hangs{}).value());
    auto counts = std::shared_ptr<int>{new int, [&](int* p) {
                                         delete p;
                                         ++destroyed;
                                       }};
    for (int i = 0; i < 3; ++i)
      handles.push_back(tasks.add_task({}, [counts] { (void)counts; }).value());
    counts.reset();
    for (auto& h : handles)
      h.cancel();
    for (auto& h : handles)
      h.wait();
    const auto left = [&] { return ta::detail::core_of(tasks).disposals().busy_with().size(); };
    while ((destroyed == 0 || left() > 3) && std::chrono::steady_clock::now() - began < 20s)
      std::this_thread::yield(); // who has destroyed the last one may not be done with its task
    BOOST_TEST(destroyed == 1);
    const auto report = tasks.shutdown({.drain = 0s, .cancel = 0s, .kill = 100ms});
    BOOST_TEST(report.not_ended.size() == 3u);
  }
  BOOST_CHECK(std::chrono::steady_clock::now() - began < 30s);
  const std::lock_guard lock{mutex};
  open = true;
  changed.notify_all();
}

BOOST_AUTO_TEST_SUITE_END()
