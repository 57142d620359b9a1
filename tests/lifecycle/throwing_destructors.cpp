// A destructor that throws where nobody can catch it: in a frame that is destroyed, in what a task is given,
// or in what is kept for it. All else is destroyed, tokens come back, and an event tells of each.
#include "bodies.hpp"
#include "rude.hpp"
#include "support/heard.hpp"
#include "support/leaks.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace test;

namespace throwing_destructors {

// -- where the object is ----------------------------------------------------

/// Waits with a permit, for an hour of virtual time or until it is ended.
ta::task<int> wait_with_permit() {
  const auto permit = co_await ta::acquire("db");
  co_await ta::sleep_for(1h);
  co_return 1;
}

ta::task<int> with_local(book& all) {
  const guest before{all};
  const auto permit = co_await ta::acquire("db");
  const rude local{all};
  const guest behind{all};
  co_await ta::sleep_for(1h);
  co_return 1;
}

ta::task<int> with_nested_local(book& all) {
  const guest before{all};
  const int got = co_await with_local(all);
  co_return got;
}

ta::task<int> with_caught_local(book& all) {
  const guest before{all};
  try {
    const rude local{all};
    co_await wait_with_permit();
  } catch (const std::runtime_error&) {
    ++all.caught; // in a frame that is destroyed, too: it goes on to its next await
  }
  const rude local{all};
  co_await ta::sleep_for(1h);
  co_return 1;
}

ta::task<int> with_parameters(guest, rude, ta::permit, rude, guest) {
  co_await ta::sleep_for(1h);
  co_return 1;
}

ta::task<int> with_parameter(book& all) {
  auto permit = co_await ta::acquire("db");
  const guest before{all};
  auto part = with_parameters(guest{all}, rude{all}, std::move(permit), rude{all}, guest{all});
  const int got = co_await std::move(part);
  co_return got;
}

ta::task<int> never_run(guest, rude, rude, guest) { co_return 0; }

ta::task<int> with_dropped_task(book& all) {
  auto never = never_run(guest{all}, rude{all}, rude{all}, guest{all});
  const auto permit = co_await ta::acquire("db");
  co_await ta::sleep_for(1h);
  co_return 1;
}

ta::task<int> with_local_callable(book& all) {
  auto inner = [own = rude{all}, beside = guest{all}]() -> ta::task<int> {
    co_await wait_with_permit();
    co_return 1;
  };
  const int got = co_await inner();
  co_return got;
}

/// A callable that holds such objects.
class holder {
public:
  explicit holder(book& all) : before_(all), bad_(all), worse_(all), behind_(all) {}
  ta::task<int> operator()() const { return wait_with_permit(); }

private:
  guest before_;
  rude bad_;
  as_member worse_;
  guest behind_;
};

ta::async_generator<int> giving(guest, rude, book& all) {
  const rude local{all};
  co_yield 1;
  co_await wait_with_permit();
  co_yield 2;
}

ta::task<int> with_generator(book& all) {
  auto numbers = giving(guest{all}, rude{all}, all);
  int sum = 0;
  while (const auto got = co_await numbers.next())
    sum += *got;
  co_return sum;
}

/// Which stands between two values.
ta::task<int> with_idle_generator(book& all) {
  auto numbers = giving(guest{all}, rude{all}, all);
  co_await numbers.next();
  const int got = co_await wait_with_permit();
  co_return got;
}

struct place {
  const char* name;
  ta::task<int> (*body)(book&);
};

constexpr place places[] = {{"a local", with_local},
                            {"a local of a nested task", with_nested_local},
                            {"a local, caught", with_caught_local},
                            {"parameters", with_parameter},
                            {"parameters of a task that never runs", with_dropped_task},
                            {"a capture", with_local_callable},
                            {"a generator that is asked", with_generator},
                            {"a generator that isn't", with_idle_generator}};

// -- who runs it ------------------------------------------------------------

/// Adds a task that runs `part()`; it may be a callable that holds such objects itself.
template <class Part>
using runner = ta::expected<ta::handle<int>> (*)(ta::task_manager&, ta::task_options, Part);

template <class Part>
struct as_group_body {
  Part part;
  ta::task<int> operator()(ta::task_group&) { return part(); }
};

template <class Part>
struct as_item {
  Part part;
  ta::task<int> operator()(int) { return part(); }
};

template <class Part>
struct runners {
  using added = ta::expected<ta::handle<int>>;
  using options = ta::task_options;

  static added task(ta::task_manager& tasks, options how, Part part) {
    return tasks.add_task(std::move(how), std::move(part));
  }
  static added nested(ta::task_manager& tasks, options how, Part part) {
    auto body = [own = std::move(part)]() mutable -> ta::task<int> {
      const int got = co_await own();
      co_return got;
    };
    return tasks.add_task(std::move(how), std::move(body));
  }
  static added child(ta::task_manager& tasks, options how, Part part) {
    auto body = [own = std::move(part)]() mutable -> ta::task<int> {
      auto inside = [&own](ta::task_group& group) -> ta::task<void> {
        group.start(wait_with_permit);
        group.start(std::move(own));
        co_return;
      };
      co_await ta::with_group(inside);
      co_return 1;
    };
    return tasks.add_task(std::move(how), std::move(body));
  }
  static added group(ta::task_manager& tasks, options how, Part part) {
    auto body = [own = std::move(part)]() mutable -> ta::task<int> {
      as_group_body<Part> inside{std::move(own)};
      const int got = co_await ta::with_group(std::move(inside));
      co_return got;
    };
    return tasks.add_task(std::move(how), std::move(body));
  }
  static added scope(ta::task_manager& tasks, options how, Part part) {
    auto body = [own = std::move(part)]() mutable -> ta::task<int> {
      const int got = co_await ta::fail_after(48h, std::move(own));
      co_return got;
    };
    return tasks.add_task(std::move(how), std::move(body));
  }
  static added items(ta::task_manager& tasks, options how, Part part) {
    auto body = [own = std::move(part)]() mutable -> ta::task<int> {
      as_item<Part> item{std::move(own)};
      const std::vector<int> numbers{1, 2, 3};
      const auto all = co_await ta::gather({}, std::move(item), numbers);
      co_return all.at(0) ? 1 : 0;
    };
    return tasks.add_task(std::move(how), std::move(body));
  }
  static added race(ta::task_manager& tasks, options how, Part part) {
    auto body = [own = std::move(part)]() mutable -> ta::task<int> {
      auto one = own();
      auto other = wait_with_permit();
      co_await ta::race(std::move(one), std::move(other));
      co_return 1;
    };
    return tasks.add_task(std::move(how), std::move(body));
  }
  static added all(ta::task_manager& tasks, options how, Part part) {
    auto body = [own = std::move(part)]() mutable -> ta::task<int> {
      co_await ta::when_all(wait_with_permit(), own);
      co_return 1;
    };
    return tasks.add_task(std::move(how), std::move(body));
  }

  static constexpr std::pair<const char*, runner<Part>> list[]
      = {{"a task", task},   {"a nested task", nested}, {"a child", child}, {"a group's body", group},
         {"a scope", scope}, {"items", items},          {"a race", race},   {"when_all", all}};
};

// -- how it ends ------------------------------------------------------------

enum class ending { completes, killed, killed_without_tokens, never_started, refused, late, shut_down };

constexpr std::pair<const char*, ending> endings[]
    = {{"completes", ending::completes},
       {"killed", ending::killed},
       {"killed, with children that wait", ending::killed_without_tokens},
       {"cancelled while it waits", ending::never_started},
       {"refused", ending::refused},
       {"timed out before its token", ending::late},
       {"shut down", ending::shut_down}};

void let_it_end(virtual_time& world, ending how, const ta::expected<ta::handle<int>>& task) {
  world.settle();
  world.advance(1s);
  switch (how) {
  case ending::completes:
    world.advance(24h);
    break;
  case ending::killed:
  case ending::killed_without_tokens:
  case ending::never_started:
    task->cancel();
    world.settle();
    break;
  case ending::refused:
    BOOST_TEST(!task);
    break;
  case ending::late:
    world.advance(10s);
    break;
  case ending::shut_down:
    world.tasks.shutdown({.drain = 0s, .cancel = 0s, .kill = 1s});
    break;
  }
}

template <class Add, class Part>
void try_one(book& all, Add add, Part part, ending how) {
  const bool waits = how == ending::never_started || how == ending::refused || how == ending::late;
  virtual_time world{{.capacity = how == ending::killed_without_tokens || waits ? 1u : 4u,
                      .max_queue = how == ending::refused ? 1u : 100u,
                      .cancel_grace = 0s}};
  world.tasks.add_limiter("db", {.capacity = 2});
  listener faults;
  const auto watch = world.tasks.observe(faults.handler(ta::event_kind::cleanup_fault));
  std::optional<ta::handle<int>> first;
  if (waits)
    first = world.tasks.add_task({.id = "first"}, hanging).value();
  ta::task_options options{.id = "bad"};
  if (how == ending::late)
    options.queue_timeout = 5s;
  const auto task = add(world.tasks, std::move(options), std::move(part));
  let_it_end(world, how, task);
  if (task)
    BOOST_TEST(ta::is_final(task->state()));
  if (first)
    first->cancel();
  world.advance(24h);
  wait_until_heard(world); // what never ran is destroyed on a thread of its own
  const auto facts = world.tasks.statistics();
  BOOST_TEST(facts.running == 0u);
  BOOST_TEST(facts.global.in_use == 0u);
  BOOST_TEST(facts.limits.at("db").in_use == 0u);
  if (how != ending::completes)
    BOOST_TEST(faults.wait_for(all.thrown - all.caught).size() == all.thrown - all.caught);
}

template <class Part, class Make>
void try_all(const char* where, Make make) {
  for (const auto& [run_by, add] : runners<Part>::list)
    for (const auto& [name, how] : endings)
      BOOST_TEST_CONTEXT(where << ", in " << run_by << ", " << name) {
        book all;
        try_one(all, add, make(all), how);
        BOOST_TEST(all.there == 0);
        if (how == ending::killed || how == ending::shut_down)
          BOOST_TEST(all.thrown != 0u);
      }
}

} // namespace throwing_destructors

BOOST_AUTO_TEST_SUITE(throwing_destructors)

BOOST_AUTO_TEST_CASE(wherever_the_object_is_and_however_it_ends_all_else_is_destroyed) {
  for (const auto& where : places) {
    auto make = [&](book& all) { return [body = where.body, &all] { return body(all); }; };
    try_all<decltype(make(std::declval<book&>()))>(where.name, make);
  }
}

BOOST_AUTO_TEST_CASE(so_is_what_is_kept_for_a_body_that_holds_such_objects_itself) {
  try_all<holder>("captures", [](book& all) { return holder{all}; });
}

BOOST_AUTO_TEST_CASE(so_are_arguments_and_the_copies_for_further_attempts) {
  auto body = [](const rude&, const guest&, const rude&) -> ta::task<int> {
    if (ta::this_task::attempt() == 1)
      throw std::runtime_error{"once more"};
    co_await ta::sleep_for(1h);
    co_return 1;
  };
  for (const auto wait : {0s, 10s})
    for (const auto& [name, how] : endings)
      BOOST_TEST_CONTEXT(name << ", back-off " << wait.count()) {
        book all;
        auto add = [&, wait = wait](ta::task_manager& tasks, ta::task_options options, int) {
          options.retry = ta::retry{.max_attempts = 3, .backoff = {.first = wait}};
          return tasks.add_task(std::move(options), body, rude{all}, guest{all}, rude{all});
        };
        try_one(all, add, 0, how);
        BOOST_TEST(all.there == 0);
        BOOST_TEST(all.thrown >= 2u);
      }
}

BOOST_AUTO_TEST_CASE(so_is_what_a_call_on_a_thread_holds) {
  struct call {
    explicit call(book& in) : own(in), bad(in) {}
    int operator()(const rude&, const guest&) const { return 7; }
    guest own;
    rude bad;
  };
  for (const bool top_level : {false, true})
    for (const bool made : {false, true}) {
      book all;
      virtual_time world{{.thread_capacity = 1, .cancel_grace = 0s}};
      listener faults;
      const auto watch = world.tasks.observe(faults.handler(ta::event_kind::cleanup_fault));
      auto body = [&all]() -> ta::task<int> {
        call mine{all};
        rude first{all};
        guest second{all};
        const int got = co_await ta::run_in_thread(std::move(mine), std::move(first), std::move(second));
        co_return got;
      };
      if (!made)
        world.lose_thread();
      auto other = world.tasks.run_in_thread({}, [] {}).value();
      if (made)
        other.get();
      else
        world.settle(); // its thread is lost, and its token stays taken
      auto task = top_level ? world.tasks.run_in_thread({}, call{all}, rude{all}, guest{all}).value()
                            : world.tasks.add_task({}, body).value();
      if (made) {
        BOOST_TEST(task.get() == 7);
      } else {
        world.settle();
        task.cancel();
        world.settle();
        BOOST_CHECK(task.state() == ta::state::cancelled);
      }
      world.bring_back_threads();
      wait_until_heard(world);
      BOOST_TEST(all.there == 0);
      BOOST_TEST(all.thrown >= 2u);
      BOOST_TEST(faults.wait_for(all.thrown).size() == all.thrown);
    }
}

BOOST_AUTO_TEST_CASE(a_body_that_catches_what_its_destructors_throw_for_ever_harms_nobody) {
  const leaks_ignored its_frame;
  virtual_time world{{.cancel_grace = 0s}};
  book all;
  auto body = [&all]() -> ta::task<void> {
    for (;;) {
      try {
        const rude local{all};
        co_await ta::sleep_for(1h);
      } catch (const std::runtime_error&) {
        ++all.caught;
      }
    }
  };
  auto task = world.tasks.add_task({}, body).value();
  world.settle();
  task.cancel();
  world.settle();
  BOOST_CHECK(task.state() == ta::state::cancelled);
  BOOST_TEST(all.caught > 1u);
  BOOST_TEST(world.tasks.statistics().global.in_use == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
