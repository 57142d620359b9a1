// What is written in a schedule's row comes back as it was, and what isn't ours is refused in words.
#include "job_scheduler/schedule_form.hpp"

#include <taskactor/error.hpp>

#include <nlohmann/json.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace schedule_texts {

namespace ta = taskactor;
namespace td = ta::detail;
using nlohmann::json;
using namespace std::chrono_literals;

class random_values {
public:
  explicit random_values(unsigned seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  bool coin() { return below(2) == 0; }
  std::chrono::microseconds span() { return std::chrono::microseconds{below(std::uint64_t{1} << 53U)}; }
  ta::fire_time time() { return ta::fire_time{span() - span()}; }
  std::string name() { return "n" + std::to_string(below(1'000'000)) + text(); }
  std::string text() {
    static const std::string letters[]
        = {"a", "\"", "\\", "\n", "\xc3\xa4", "\xf0\x9d\x84\x9e", "'", "{", " "};
    std::string made;
    for (auto i = below(8); i > 0; --i)
      made += letters[below(std::size(letters))];
    return made;
  }

private:
  std::mt19937_64 engine_;
};

td::schedule_spec some_spec(random_values& random) {
  static const char* const triggers[]
      = {"every 90s", "cron 0 9 * * mon-fri @ Europe/Berlin jitter 30s", "at 2026-12-24T18:00:00Z",
         "any_of(every 1h; cron 5 * * * *) start 2026-01-01T00:00:00Z count 17 @ Asia/Tokyo"};
  td::schedule_spec spec{.when = ta::trigger::parse(triggers[random.below(std::size(triggers))]).value()};
  auto& row = spec.job.row;
  row.queue = random.name();
  row.task = random.name();
  row.kind = random.coin() ? ta::job_kind::task : ta::job_kind::command;
  row.arguments = random.text();
  row.priority = static_cast<int>(random.below(10));
  if (random.coin())
    row.timeout = random.span();
  row.retry = {.max_attempts = 1 + random.below(9),
               .backoff = {.first = random.span(),
                           .factor = 1 + static_cast<double>(random.below(1000)) / 7,
                           .max = random.span(),
                           .jitter = random.span()}};
  for (auto i = random.below(3); i > 0; --i)
    row.limits.push_back({.name = random.name(), .key = random.text(), .tokens = 1 + random.below(9)});
  row.fairness_key = random.text();
  row.keep = random.span();
  for (auto i = random.below(3); i > 0; --i)
    row.tags.push_back(random.name());
  row.trace = random.text();
  row.version = random.text();
  if (random.coin())
    spec.job.expires = random.span();
  if (random.coin())
    spec.jitter = random.span();
  spec.overlap = static_cast<ta::overlap_policy>(random.below(4));
  spec.max_instances = 1 + random.below(9);
  spec.late = {.missed = static_cast<ta::missed_policy>(random.below(3)),
               .window = random.span(),
               .on_time = random.span(),
               .most = 1 + random.below(1000)};
  return spec;
}

ta::fire some_fire(random_values& random) {
  const auto nominal = random.time();
  return {.nominal = nominal, .due = nominal + random.span()};
}

td::schedule_progress some_progress(random_values& random) {
  td::schedule_progress progress;
  progress.paused = random.coin();
  if (random.coin())
    progress.next.found = some_fire(random);
  else
    progress.next.why = static_cast<ta::no_fire>(random.below(3));
  progress.passed = random.time();
  if (random.coin())
    progress.last = random.time();
  if (random.coin()) {
    progress.waiting.emplace().since = random.time();
    if (random.coin())
      progress.waiting->at = some_fire(random);
  }
  progress.fired = random.below(99);
  progress.made_up = random.below(99);
  progress.missed = random.below(99);
  progress.skipped = random.below(99);
  return progress;
}

/// What it says of it.
template <class Read>
std::string refusal(Read read) {
  try {
    read();
    return {};
  } catch (const ta::error& why) {
    BOOST_TEST(static_cast<int>(why.code().value()) == static_cast<int>(ta::errc::store_failed));
    return why.message();
  }
}

/// Each place in it, as a JSON pointer.
void each_place(const json& in, const json::json_pointer& at,
                const std::function<void(const json::json_pointer&)>& call) {
  if (!in.is_structured())
    return;
  for (const auto& [key, value] : in.items()) {
    const auto place = in.is_array() ? at / std::stoul(key) : at / key;
    call(place);
    each_place(value, place, call);
  }
}

/// Each of its places is taken away, or made what it isn't: that is refused in words, or means something.
template <class Read>
void check_damage(const std::string& text, const char* what, Read read) {
  const auto whole = json::parse(text);
  const json others[] = {nullptr, -1, 1e300, "no such word", json::array(), json::object(), true};
  const auto try_text = [&](const std::string& damaged) {
    const auto said = refusal([&] { read("nightly", damaged); });
    if (!said.empty())
      BOOST_TEST(said.starts_with("schedule \"nightly\": its " + std::string{what} + " can't be read: "),
                 said);
    return said;
  };
  each_place(whole, json::json_pointer{}, [&](const json::json_pointer& at) {
    auto without = whole;
    auto& parent = without[at.parent_pointer()];
    if (parent.is_object()) {
      parent.erase(at.back());
      BOOST_TEST(!try_text(without.dump()).empty(), at.to_string());
    }
    for (const auto& other : others) {
      auto changed = whole;
      changed[at] = other;
      try_text(changed.dump());
    }
  });
  for (std::size_t length = 0; length < text.size(); ++length)
    BOOST_TEST(!try_text(text.substr(0, length)).empty());
  auto later = whole;
  later["v"] = 2;
  BOOST_TEST(try_text(later.dump()).ends_with("it is of a later release"));
}

} // namespace schedule_texts

BOOST_AUTO_TEST_SUITE(schedule_texts)

using namespace ::schedule_texts;

BOOST_AUTO_TEST_CASE(they_come_back_as_they_were) {
  random_values random{17};
  for (int i = 0; i < 500; ++i) {
    const auto spec = some_spec(random);
    const auto text = td::text_of(spec);
    const auto back = td::read_spec("n", text);
    BOOST_TEST(td::text_of(back) == text);
    BOOST_TEST(back.when == spec.when);
    BOOST_TEST(back.job.row.arguments == spec.job.row.arguments);
    BOOST_TEST(back.job.row.retry.backoff.factor == spec.job.row.retry.backoff.factor);
    BOOST_TEST((back.late.window == spec.late.window));
    const auto progress = some_progress(random);
    const auto state = td::text_of(progress);
    BOOST_TEST(td::text_of(td::read_progress("n", state)) == state);
  }
}

BOOST_AUTO_TEST_CASE(what_is_damaged_is_refused_by_the_schedules_name) {
  random_values random{3};
  auto spec = some_spec(random);
  spec.job.row.limits = {{.name = "l", .key = "k", .tokens = 2}};
  spec.job.row.tags = {"t"};
  const std::string nul{"a\0", 2}, long_name(201, 'n');
  // The last of them are what no store takes of a job.
  for (const auto& [place, value] : std::vector<std::pair<std::string, json>>{
           {"/most_made_up", 0},
           {"/most_made_up", 1001},
           {"/max_instances", 0},
           {"/expires", -1},
           {"/job/priority", 10},
           {"/job/max_attempts", 0},
           {"/job/backoff/factor", 0.5},
           {"/job/backoff/first_ns", -1},
           {"/job/timeout", -1},
           {"/job/timeout", std::numeric_limits<std::int64_t>::max()},
           {"/job/keep", -1},
           {"/job/queue", ""},
           {"/job/queue", nul},
           {"/job/task", long_name},
           {"/job/arguments", nul},
           {"/job/limits/0/name", ""},
           {"/job/limits/0/key", nul},
           {"/job/limits/0/tokens", 0},
           {"/job/limits/0/tokens", -1},
           {"/job/limits/1", {{"name", "l"}, {"key", "k"}, {"tokens", 1}}},
           {"/job/fairness_key", nul},
           {"/job/tags/0", ""},
           {"/job/tags/0", nul},
           {"/job/tags", std::vector<std::string>(65, "t")},
           {"/job/trace", nul},
           {"/job/version", long_name}}) {
    auto changed = json::parse(td::text_of(spec));
    changed[json::json_pointer{place}] = value;
    BOOST_TEST(!refusal([&] { (void)td::read_spec("n", changed.dump()); }).empty(), place);
  }
  check_damage(td::text_of(spec), "spec",
               [](const std::string& name, const std::string& text) { (void)td::read_spec(name, text); });
  auto progress = some_progress(random);
  progress.next.found = some_fire(random);
  progress.waiting = td::waiting_fire{.at = some_fire(random), .since = random.time()};
  check_damage(td::text_of(progress), "state",
               [](const std::string& name, const std::string& text) { (void)td::read_progress(name, text); });
}

BOOST_AUTO_TEST_SUITE_END()
