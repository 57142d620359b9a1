// Random histories of one schedule against a model that knows no heap, no actors and no search: it looks at
// each second. TASKACTOR_SCHEDULE_CASES in the environment: how many (60), TASKACTOR_SCHEDULE_SEED: others.
#include "scheduler/plays.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <random>
#include <sstream>

namespace histories {

using namespace test;

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  const auto* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Seconds since the clock's first time.
using second = std::int64_t;
constexpr second since_1970 = 1767225600;
using milliseconds = std::int64_t;

/// A trigger's text, and whether it fires at a second.
struct kind_of_trigger {
  std::string text;
  std::function<bool(second)> fires;
  second last = 1'000'000'000; // it fires no later
};

kind_of_trigger random_trigger(const std::function<int(int)>& below, second now) {
  const int every = 1 + below(20);
  const auto steps = [](int by) { return [by](second s) { return (s + since_1970) % by == 0; }; };
  const auto seconds = [](int by) { return [by](second s) { return s % 60 % by == 0; }; };
  const auto text_of = [](second s) {
    return ta::to_rfc3339(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + std::chrono::seconds{s});
  };
  switch (below(4)) {
  case 0:
    return {"every " + std::to_string(every) + "s", steps(every)};
  case 1:
    return {"*/" + std::to_string(every) + " * * * * *", seconds(every)};
  case 2: {
    const auto last = now + 20 + below(200);
    return {"every " + std::to_string(every) + "s end " + text_of(last), steps(every), last};
  }
  default: {
    const int other = 7 + below(40);
    return {"any_of(every " + std::to_string(every + 3) + "s; */" + std::to_string(other) + " * * * * *)",
            [one = steps(every + 3), two = seconds(other)](second s) { return one(s) || two(s); }};
  }
  }
}

struct model {
  ta::schedule_options options;
  kind_of_trigger trigger;
  milliseconds lasts = 0;

  milliseconds time = 0;  // that has passed
  milliseconds ahead = 0; // of it is the clock on the wall
  second passed = 0;      // no fire up to here is done any more
  second done = 0;        // the last that was, or was missed or skipped
  bool paused = false, ended = false;
  struct run {
    milliseconds until;
    bool asked;
    std::size_t note; // among the fires, until its body has begun
  };
  std::deque<run> running;
  std::optional<std::optional<second>> waiting;
  ta::schedule_counts counts;
  texts fires;

  milliseconds wall() const { return time + ahead; }
  static std::string text(milliseconds at) {
    return short_time(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + std::chrono::milliseconds{at});
  }
  bool is_over() const { return passed >= trigger.last || next() > trigger.last; }
  second next() const {
    for (second s = passed + 1; s < passed + 20'000; ++s)
      if (trigger.fires(s))
        return s;
    return passed + 20'000;
  }
  bool is_free() const {
    return running.size() < options.max_instances || options.overlap == ta::overlap_policy::allow;
  }

  void begin(std::optional<second> at) {
    fires.push_back((at ? text(*at * 1000) : "now") + "@" + text(wall()));
    ++counts.fired;
    running.push_back({time + lasts, false, fires.size()});
  }
  /// True: it has begun.
  bool fire(std::optional<second> at) {
    if (is_free()) {
      begin(at);
      return true;
    }
    if (options.overlap == ta::overlap_policy::skip
        || (options.overlap == ta::overlap_policy::queue_one && waiting)) {
      ++counts.skipped;
      return false;
    }
    drop_waiting();
    waiting = at;
    if (options.overlap == ta::overlap_policy::cancel_old)
      cancel_oldest();
    return false;
  }
  /// A task that is cancelled at once never calls its body.
  void cancel_oldest() {
    auto& oldest = running.front();
    if (!std::exchange(oldest.asked, true) && oldest.note != 0)
      fires.erase(fires.begin() + static_cast<std::ptrdiff_t>(oldest.note) - 1);
  }
  void drop_waiting() {
    if (waiting)
      ++counts.skipped;
    waiting.reset();
  }
  void end_if_over() { ended = ended || (!waiting && is_over()); }

  std::vector<second> due() {
    std::vector<second> all;
    for (second s = passed + 1; s * 1000 <= wall() && s <= trigger.last; ++s)
      if (trigger.fires(s))
        all.push_back(s);
    return all;
  }
  /// What can be done now, until nothing is left to do.
  void settle() {
    for (bool again = true; again;) {
      again = false;
      if (!paused && !ended)
        if (const auto all = due(); !all.empty()) {
          look(all);
          again = true;
        }
      for (auto& each : running)
        if (!each.asked)
          each.note = 0;
      for (auto each = running.begin(); each != running.end();)
        if (each->asked || each->until <= time) {
          each = running.erase(each);
          again = true;
          if (waiting && !ended && is_free()) {
            const auto at = *waiting;
            waiting.reset();
            begin(at);
            each = running.begin();
          }
        } else {
          ++each;
        }
      if (!ended)
        end_if_over();
    }
  }
  void look(std::vector<second> all) {
    passed = done = all.back();
    const auto late = [&](second s) { return wall() - s * 1000 > 1000; };
    const auto within = [&](second s) {
      return std::chrono::milliseconds{wall() - s * 1000}
             <= static_cast<const std::chrono::nanoseconds&>(options.missed_window);
    };
    std::vector<second> to_do;
    const bool any_in_time = !late(all.back());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool kept = all.size() - i <= options.most_made_up;
      const bool made_up
          = options.missed == ta::missed_policy::all
            || (options.missed == ta::missed_policy::latest && !any_in_time && i + 1 == all.size());
      if (kept && (!late(all[i]) || (made_up && within(all[i]))))
        to_do.push_back(all[i]);
    }
    counts.missed += all.size() - to_do.size();
    for (const auto s : to_do)
      counts.made_up += fire(s) && late(s) ? 1 : 0;
  }

  // -- what is done to it ---------------------------------------------------
  void pause() {
    if (std::exchange(paused, true))
      return;
    drop_waiting();
  }
  void resume(bool make_up) {
    if (!std::exchange(paused, false) || make_up)
      return;
    const auto all = due();
    counts.skipped += all.size();
    if (!all.empty())
      passed = done = all.back();
  }
  void change(kind_of_trigger to) {
    const auto before = passed;
    const auto given_up = due();
    passed = std::max(done, wall() / 1000);
    std::swap(trigger, to);
    if (is_over()) {
      std::swap(trigger, to);
      passed = before;
      return;
    }
    (paused ? counts.skipped : counts.missed) += given_up.size();
    if (!given_up.empty())
      done = std::max(done, given_up.back());
  }
  /// One step of time: to the next thing that happens, at most until `until`.
  void advance(milliseconds by) {
    const auto until = time + by;
    while (time < until) {
      auto to = until;
      for (const auto& each : running)
        to = std::min(to, each.until);
      to = std::min(to, (wall() / 1000 + 1) * 1000 - ahead); // the next second of the wall
      time = std::max(to, time);
      settle();
    }
  }
};

class history {
public:
  explicit history(std::uint64_t seed) : chance_(seed), world_({.capacity = 5000}) {
    ta::schedule_options& options = model_.options;
    options.name = "h";
    options.overlap = static_cast<ta::overlap_policy>(below(4));
    options.max_instances = static_cast<std::size_t>(1 + below(3));
    options.missed = static_cast<ta::missed_policy>(below(3));
    options.most_made_up = below(2) == 0 ? 100 : 3;
    if (below(2) == 0)
      options.missed_window = std::chrono::seconds{1 + below(60)};
    model_.lasts = below(3) == 0 ? 137 : 1000 * below(30) + 137; // ends never meet a second
    do
      model_.trigger = random_trigger([this](int limit) { return below(limit); }, 0);
    while (model_.is_over());
    said_ << model_.trigger.text << ", overlap " << static_cast<int>(options.overlap) << " at "
          << options.max_instances << ", missed " << static_cast<int>(options.missed) << ", lasts "
          << model_.lasts << ": ";
    handle_ = world_.add(options, model_.trigger.text, std::chrono::milliseconds{model_.lasts});
  }

  /// Empty: all is as the model says.
  std::string run(int steps) {
    for (int i = 0; i < steps; ++i) {
      act();
      world_.time.settle();
      model_.settle();
      if (const auto wrong = difference(); !wrong.empty())
        return said_.str() + "\n" + wrong;
    }
    return {};
  }
  std::uint64_t fired() const { return model_.counts.fired; }

private:
  int below(int limit) { return static_cast<int>(chance_() % static_cast<std::uint64_t>(limit)); }

  void act() {
    const bool gone = model_.ended;
    switch (below(12)) {
    case 0: {
      const auto by = 1000 * (below(400) - 200);
      said_ << " clock " << by / 1000 << "s;";
      if (model_.wall() + by < 0)
        return;
      model_.ahead += by;
      return world_.move_wall(std::chrono::milliseconds{by});
    }
    case 1:
      said_ << " pause;";
      if (!gone)
        model_.pause();
      (void)handle_->pause();
      return;
    case 2:
    case 3: {
      const bool make_up = below(2) == 0;
      said_ << " resume " << make_up << ';';
      if (!gone)
        model_.resume(make_up);
      (void)handle_->resume(make_up ? ta::on_resume::make_up : ta::on_resume::skip);
      return;
    }
    case 4:
      said_ << " run now;";
      if (!gone)
        model_.fire({});
      (void)handle_->run_now();
      return;
    case 5: {
      auto to = random_trigger([this](int limit) { return below(limit); }, model_.wall() / 1000);
      said_ << " change " << to.text << ';';
      const auto text = to.text;
      if (!gone)
        model_.change(std::move(to));
      (void)handle_->change(parsed(text));
      return;
    }
    default: {
      const auto by = 1000 * (1 + below(60)); // whole seconds: nothing happens at the end of an act
      said_ << " +" << by / 1000 << "s;";
      model_.advance(by);
      world_.time.advance(std::chrono::milliseconds{by});
    }
    }
  }

  static std::string counts_text(const ta::schedule_counts& c) {
    std::ostringstream text;
    text << "fired " << c.fired << " made up " << c.made_up << " missed " << c.missed << " skipped "
         << c.skipped << " running " << c.running << " waiting " << c.waiting;
    return text.str();
  }
  std::string difference() {
    const auto found = handle_->info();
    auto wanted = model_.counts;
    wanted.running = model_.running.size();
    wanted.waiting = model_.waiting ? 1 : 0;
    std::ostringstream text;
    if (world_.fires != model_.fires) {
      const auto at
          = std::mismatch(world_.fires.begin(), world_.fires.end(), model_.fires.begin(), model_.fires.end());
      for (auto each = at.first - std::min<std::ptrdiff_t>(3, at.first - world_.fires.begin());
           each != at.first; ++each)
        text << *each << ' ';
      text << "fire " << at.first - world_.fires.begin() << ": "
           << (at.first == world_.fires.end() ? "none" : *at.first) << ", by the model "
           << (at.second == model_.fires.end() ? "none" : *at.second) << '\n';
    }
    if (counts_text(found.counts) != counts_text(wanted))
      text << counts_text(found.counts) << "\nby the model " << counts_text(wanted) << '\n';
    if (found.ended != model_.ended || (!found.ended && found.paused != model_.paused))
      text << "ended " << found.ended << ", by the model " << model_.ended << '\n';
    return text.str();
  }

  std::mt19937_64 chance_;
  schedule_world world_;
  model model_;
  std::optional<ta::schedule_handle> handle_;
  std::ostringstream said_;
};

} // namespace histories

BOOST_AUTO_TEST_SUITE(histories)
using namespace histories;

BOOST_AUTO_TEST_CASE(random_histories_are_as_a_model_says) {
  const auto cases = number_of("TASKACTOR_SCHEDULE_CASES", 60),
             seed = number_of("TASKACTOR_SCHEDULE_SEED", 1);
  std::uint64_t fired = 0;
  for (std::uint64_t i = 0; i < cases; ++i) {
    history one{seed * 1'000'000 + i};
    const auto wrong = one.run(60);
    BOOST_TEST_REQUIRE(wrong.empty(), "TASKACTOR_SCHEDULE_SEED=" << seed << ", case " << i << ": " << wrong);
    fired += one.fired();
  }
  BOOST_TEST(fired > 20 * cases);
}

BOOST_AUTO_TEST_SUITE_END()
