// Random operations on each store against a model: several runners, their deaths, calls that are made again,
// clocks, and a look at the invariants after each step. A history that fails is shortened before it is shown.
//
//     TASKACTOR_HISTORIES=60 test_queue --run_test=random_histories     # so many seconds a store
//     TASKACTOR_HISTORY_SEED=7 ...                                       # that history alone
#include "backends.hpp"
#include "history_model.hpp"

#include <array>
#include <cstdlib>
#include <random>
#include <sstream>
#include <stdexcept>

namespace random_histories {

using namespace queue_tests;

/// What it does follows from these numbers and from what there is: any part of a history is one, too.
struct step {
  std::uint32_t what = 0, a = 0, b = 0, c = 0;
};

/// The store and the model don't agree.
struct disagreement : std::runtime_error {
  using runtime_error::runtime_error;
};
[[noreturn]] void disagree(const std::string& what) { throw disagreement{what}; }

constexpr std::array<const char*, 2> queue_names{"q", "p"}, limit_names{"l", "m"};
constexpr std::array<const char*, 3> key_names{"x", "y", "z"};

class run_of_history {
public:
  /// With rates the clock only goes forth; without, back, too.
  run_of_history(const store_kind& kind, bool with_rates) : kind_(kind), with_rates_(with_rates) {
    open();
    model_.tasks = {{"a", ""}, {"b", ""}, {"a", "2"}};
    tasks_ = std::make_shared<const td::known_tasks>(model_.tasks);
  }

  void run(const step& s) {
    said_.str({});
    switch (s.what % 24) {
    case 0:
    case 1:
    case 2:
    case 3:
      push(s);
      break;
    case 4:
      push_again(s);
      break;
    case 5:
    case 6:
    case 7:
    case 8:
      claim(s);
      break;
    case 9:
    case 10:
      beat(s);
      break;
    case 11:
    case 12:
    case 13:
    case 14:
      finish(s);
      break;
    case 15:
      finish_again(s);
      break;
    case 16:
      depart(s);
      break;
    case 17:
      promote();
      break;
    case 18:
      advance(s);
      break;
    case 19:
    case 20:
      control(s);
      break;
    case 21:
      arrange(s);
      break;
    case 22:
      prune();
      break;
    case 23:
      reopen();
      break;
    default:
      break;
    }
    compare();
  }
  /// Of the last step, in words.
  std::string said() const { return said_.str(); }

private:
  void open() {
    store_.reset();
    store_ = kind_.open(folder_.path(), [this] { return model_.now; });
  }
  td::runner_key runner_of(std::uint32_t n) {
    const auto name = n % 3;
    return {"r" + std::to_string(name), incarnations_[name]};
  }

  // -- steps ----------------------------------------------------------------

  td::new_job make_job(const step& s, std::uint32_t n) {
    td::new_job job;
    job.row.queue = queue_names[n % 2];
    job.row.task = s.b % 16 == 0 ? "unknown" : s.b % 3 == 0 ? "b" : "a";
    job.row.version = s.b % 7 == 1 ? "2" : "";
    job.row.arguments = "[" + std::to_string(++pushes_) + "]";
    job.row.priority = static_cast<int>(s.c % 3) * 2;
    job.row.fairness_key = s.a % 5 == 0 ? "t" + std::to_string(s.a / 5 % 3) : "";
    constexpr std::array<td::store_duration, 3> keeps{0s, 60s, 3h};
    job.row.keep = keeps[s.a / 16 % 3];
    if (s.c / 4 % 3 == 0) {
      job.row.limits.push_back(
          {limit_names[0], with_rates_ ? "" : key_names[s.c / 16 % 3], 1 + s.c / 64 % 2});
      if (s.c / 128 % 2 == 0)
        job.row.limits.push_back({limit_names[1], "", 1});
    }
    if (s.b / 16 % 4 == 0)
      job.delay = std::chrono::seconds{1 + s.b / 64 % 30};
    if (s.b / 2048 % 4 == 0)
      job.expires = std::chrono::seconds{1 + s.b / 8192 % 40};
    if (s.c / 256 % 3 == 0) {
      job.unique_scope = "scope";
      job.unique_key = key_names[s.c / 1024 % 3];
      job.until = static_cast<ta::unique_until>(s.c / 4096 % 3);
      job.unique_period = std::chrono::seconds{1 + s.c / 16384 % 60};
      job.on_taken = static_cast<ta::on_taken>(s.c / 65536 % 2);
    }
    job.request = "request " + std::to_string(pushes_);
    return job;
  }
  void push(const step& s) {
    std::vector<td::new_job> set;
    for (std::uint32_t i = 0; i <= s.a % 3; ++i)
      set.push_back(
          make_job({.what = 0, .a = s.a / 4 + i * 77, .b = s.b + i * 7919, .c = s.c + i * 104'729}, s.a + i));
    said_ << "push";
    push_set(set);
    last_push_ = std::move(set);
  }
  void push_set(const std::vector<td::new_job>& set) {
    const auto replies = store_->push(set);
    if (replies.size() != set.size())
      disagree("not an answer for each push");
    for (std::size_t i = 0; i < set.size(); ++i) {
      said_ << ' ' << replies[i].id << ':' << replies[i].how << (set[i].unique_key.empty() ? "" : " unique ")
            << set[i].unique_key << (set[i].delay.count() ? " delayed" : "")
            << (set[i].expires ? " expires" : "");
      const auto expected = model_.expect_push(set[i]);
      if (expected.how != replies[i].how || (expected.id != 0 && expected.id != replies[i].id))
        disagree("the push should be answered " + std::to_string(expected.id) + ", as the model says");
      if (expected.id == 0) {
        if (replies[i].id <= last_id_)
          disagree("an id that isn't new");
        last_id_ = replies[i].id;
        model_.add(set[i], replies[i].id);
      }
      model_.requests[set[i].request] = replies[i];
    }
  }
  void push_again(const step&) {
    said_ << "push again";
    push_set(last_push_);
  }
  void claim(const step& s) {
    td::claim_request request{.runner = runner_of(s.a), .shares = {}, .tasks = tasks_};
    for (std::uint32_t i = 0; i < 1 + s.b % 2; ++i)
      request.shares.push_back({.queue = queue_names[(s.c + i) % 2],
                                .free = s.b / 2 % 4,
                                .prefetch = s.c / 2 % 3 == 0 ? s.c / 8 % 6 : 0});
    said_ << "claim by " << request.runner.name << '.' << request.runner.incarnation;
    for (const auto& share : request.shares)
      if (share.prefetch != 0 && std::ranges::any_of(model_.jobs, [&](const auto& each) {
            return model_.has_expired(each.second);
          })) {
        promote(); // else it depends on which of them the claim has met
        break;
      }
    const auto reply = store_->claim(request);
    if (model_.runners[request.runner].dead) {
      if (!reply.fenced || !reply.jobs.empty())
        disagree("a dead runner's claim");
      return;
    }
    const auto expected = model_.expect_claim(request);
    std::vector<ta::job_id> given;
    for (const auto& job : reply.jobs) {
      given.push_back(job.id);
      said_ << ' ' << job.id << '#' << job.token << (job.alone ? " alone" : "");
    }
    if (reply.fenced || given != expected) {
      std::string ids;
      for (const auto id : expected)
        ids += ' ' + std::to_string(id);
      disagree("the claim should get" + ids);
    }
    for (const auto& job : reply.jobs) {
      auto& of = model_.jobs.at(job.id);
      if (job.token <= last_token_ || job.attempts != of.attempts || job.losses != of.losses
          || job.snoozes != of.snoozes || job.alone != (of.losses >= 2)
          || job.row.arguments != of.made.row.arguments)
        disagree("a claimed job isn't as it was: " + std::to_string(job.id));
      last_token_ = of.token = job.token;
      claims_.push_back({job.id, job.token, request.runner});
    }
    std::size_t expired = 0; // which of them it has met is its own affair
    for (const auto id : ids_if([&](const model_job& job) { return model_.has_expired(job); }))
      if (const auto found = store_->find({&id, 1});
          found.empty() || found[0].info.state == ta::job_state::expired) {
        ++expired;
        model_.expire(id);
      }
    if (expired != reply.expired)
      disagree("it says that " + std::to_string(reply.expired) + " have expired");
  }
  void beat(const step& s) {
    td::runner_beat beat{.runner = runner_of(s.a)};
    beat.tasks = tasks_;
    auto& runner = model_.runners[beat.runner];
    for (const auto& [queue, free] : runner.free)
      beat.shares.push_back({.queue = queue, .free = free});
    said_ << "beat of " << beat.runner.name << '.' << beat.runner.incarnation;
    for (const auto& claim : claims_)
      if (claim.runner == beat.runner && (s.b + static_cast<std::uint32_t>(claim.token)) % 3 != 0) {
        beat.notes.push_back({.id = claim.id, .token = claim.token});
        beat.notes.back().begun = true;
        said_ << " begun " << claim.id << '#' << claim.token;
      }
    const auto reply = store_->renew(beat);
    if (reply.fenced != runner.dead)
      disagree("fenced, or not");
    if (runner.dead)
      return;
    std::vector<std::pair<ta::job_id, td::claim_token>> to_cancel;
    for (auto& [id, job] : model_.jobs)
      if (job.state == ta::job_state::running && job.runner == beat.runner) {
        for (const auto& note : beat.notes)
          if (note.id == id && note.token == job.token)
            job.begun = true;
        if (job.cancel)
          to_cancel.emplace_back(id, job.token);
      }
    auto said = reply.to_cancel;
    std::ranges::sort(said);
    if (said != to_cancel)
      disagree("it names others to be cancelled");
  }
  void finish(const step& s) {
    if (claims_.empty())
      return;
    std::vector<td::job_end> ends;
    for (std::uint32_t i = 0; i <= s.b % 3; ++i) {
      // Mostly one of the last: older ones have other ends by now.
      const auto back = s.a / 8 % 4 == 0 ? (s.a / 32 + i) % claims_.size()
                                         : (s.a + i) % std::min<std::size_t>(claims_.size(), 6);
      const auto& claim = claims_[claims_.size() - 1 - back];
      ends.push_back({.id = claim.id,
                      .token = claim.token,
                      .how = static_cast<td::claim_end>((s.c / 8 + i) % 7),
                      .begun = s.c % 4 != 0,
                      .delay = std::chrono::seconds{s.b / 4 % 3 * 5},
                      .word = {},
                      .result = "result",
                      .error = "error"});
    }
    said_ << "finish";
    finish_set(ends);
    last_finish_ = std::move(ends);
  }
  void finish_set(const std::vector<td::job_end>& ends) {
    const auto replies = store_->finish(runner_of(0), ends);
    if (replies.size() != ends.size())
      disagree("not an answer for each end");
    for (std::size_t i = 0; i < ends.size(); ++i) {
      said_ << ' ' << ends[i].id << '#' << ends[i].token << " how " << static_cast<int>(ends[i].how) << ':'
            << replies[i];
      const auto expected = model_.expect_finish(ends[i]);
      if (replies[i] != expected) {
        std::ostringstream text;
        text << "the end should be answered " << expected;
        disagree(text.str());
      }
    }
  }
  void finish_again(const step&) {
    said_ << "finish again";
    finish_set(last_finish_);
  }
  /// A runner dies and is rescued, or leaves; another incarnation comes.
  void depart(const step& s) {
    const auto key = runner_of(s.a);
    const auto at = model_.runners.find(key);
    const bool lives = at != model_.runners.end() && !at->second.dead;
    const bool lost = s.b % 3 != 0;
    said_ << (lost ? "rescue of " : "leave of ") << key.name << '.' << key.incarnation;
    if (lost) {
      td::lost_runner dead{.runner = key, .beat = 0};
      for (const auto& row : store_->runners())
        if (row.runner == key)
          dead.beat = row.beat;
      const auto reply = store_->rescue({&dead, 1});
      const auto expected = lives ? model_.expect_departure(key, true) : td::rescue_reply{};
      if (reply.runners != expected.runners || reply.returned != expected.returned
          || reply.lost != expected.lost || reply.quarantined != expected.quarantined)
        disagree("the rescue counts others");
      if (lives)
        at->second.dead = true;
    } else if (lives) {
      td::runner_beat leaving{.runner = key};
      leaving.leaves = true;
      if (store_->renew(leaving).fenced)
        disagree("fenced");
      model_.expect_departure(key, false);
      model_.runners.erase(key);
    }
    if (s.b / 3 % 4 != 0)
      ++incarnations_[s.a % 3];
  }
  void promote() {
    said_ << " promote";
    const auto reply = store_->promote(10'000);
    const auto expected = model_.expect_promotion();
    if (reply.promoted != expected.promoted || reply.expired != expected.expired)
      disagree("it should promote " + std::to_string(expected.promoted) + " and expire "
               + std::to_string(expected.expired));
    std::optional<ta::store_time> next;
    for (const auto& [id, job] : model_.jobs) {
      if (job.state == ta::job_state::delayed)
        next = std::min(next.value_or(job.due), job.due);
      if (job.waits() && job.expires)
        next = std::min(next.value_or(*job.expires), *job.expires);
    }
    if (next.has_value() != reply.next.has_value() || (next && model_.now + *reply.next != *next))
      disagree("the next is due at another time");
  }
  void advance(const step& s) {
    const auto by = std::chrono::milliseconds{s.a % 16 == 0 ? s.b % 7'200'000 : s.b % 20'000};
    const bool back = !with_rates_ && s.c % 4 == 0;
    model_.now += back ? -by : by;
    said_ << "clock " << (back ? '-' : '+') << by.count() << " ms";
  }
  void control(const step& s) {
    if (last_id_ == 0)
      return;
    const td::control_action action{.verb = static_cast<td::control_verb>(s.b % 3),
                                    .id
                                    = 1 + static_cast<ta::job_id>(s.a % static_cast<std::uint64_t>(last_id_)),
                                    .name = {},
                                    .capacity = {},
                                    .rate = {}};
    constexpr std::array<const char*, 3> verbs{"cancel ", "remove ", "retry "};
    const auto reply = store_->control({&action, 1}).at(0);
    said_ << verbs[s.b % 3] << action.id << ':' << reply;
    const auto expected = model_.expect_control(action.verb, action.id);
    if (reply != expected) {
      std::ostringstream text;
      text << "it should be answered " << expected;
      disagree(text.str());
    }
  }
  void arrange(const step& s) {
    td::control_action action{
        .verb = static_cast<td::control_verb>(3 + s.a % 4), .id = 0, .name = {}, .capacity = {}, .rate = {}};
    const bool of_queue = s.a % 4 < 2;
    action.name = of_queue ? queue_names[s.b % 2] : limit_names[s.b % 2];
    const auto reply = [&] { return store_->control({&action, 1}).at(0); };
    if (of_queue) {
      model_.paused[action.name] = s.a % 4 == 0;
      said_ << (s.a % 4 == 0 ? "pause " : "resume ") << action.name;
      reply();
    } else if (s.a % 4 == 2) {
      if (s.c % 4 != 0 || with_rates_)
        action.capacity = s.c / 4 % 4;
      if (with_rates_ && !model_.limits.contains(action.name)) // one that is changed leaves rests of a token
        action.rate = ta::rate{.count = 1, .period = 4s, .burst = 1 + s.c / 16 % 3};
      else if (with_rates_)
        action.rate = model_.limits[action.name].rate;
      model_.limits[action.name] = {action.capacity, action.rate};
      said_ << "limit " << action.name << ' ' << action.capacity.value_or(999);
      reply();
    } else if (!with_rates_) {
      said_ << "drop limit " << action.name;
      const bool there = model_.limits.erase(action.name) != 0;
      if ((reply() == ta::control_reply::done) != there)
        disagree("a limit that isn't there");
    }
  }
  void prune() {
    said_ << "prune";
    store_->prune(10'000);
    model_.prune();
  }
  void reopen() {
    if (!kind_.lasts)
      return;
    said_ << "reopen";
    open();
  }

  // -- after each -----------------------------------------------------------

  template <class Which>
  std::vector<ta::job_id> ids_if(Which which) {
    std::vector<ta::job_id> ids;
    for (const auto& [id, job] : model_.jobs)
      if (which(job))
        ids.push_back(id);
    return ids;
  }
  void compare() {
    for (const auto& fault : store_->check())
      disagree(fault);
    const auto all = store_->list({.most = 1'000'000});
    if (all.size() != model_.jobs.size())
      disagree("there are " + std::to_string(all.size()) + " jobs");
    for (const auto& info : all) {
      const auto at = model_.jobs.find(info.id);
      const auto name = "job " + std::to_string(info.id);
      if (at == model_.jobs.end())
        disagree(name + " should be gone");
      const auto& job = at->second;
      if (info.state != job.state)
        disagree(name + " is " + std::string{to_string(info.state)} + ", not "
                 + std::string{to_string(job.state)});
      if (info.attempts != job.attempts || info.losses != job.losses || info.snoozes != job.snoozes)
        disagree(name + " counts otherwise");
      if (info.priority != job.made.row.priority)
        disagree(name + " has another priority");
      if (job.state == ta::job_state::delayed && info.due != job.due)
        disagree(name + " is due at another time");
      if (info.kept_until != job.kept_until)
        disagree(name + " is kept for another time");
      if (job.state == ta::job_state::running
          && (info.runner != job.runner.name || info.cancel_requested != job.cancel))
        disagree(name + " runs elsewhere");
    }
  }

  struct past_claim {
    ta::job_id id;
    td::claim_token token;
    td::runner_key runner;
  };

  const store_kind& kind_;
  bool with_rates_;
  test::temporary_directory folder_;
  history_model model_;
  std::unique_ptr<td::store_backend> store_;
  std::shared_ptr<const td::known_tasks> tasks_;
  std::array<std::uint64_t, 3> incarnations_{1, 1, 1};
  std::vector<past_claim> claims_;
  std::vector<td::new_job> last_push_;
  std::vector<td::job_end> last_finish_;
  ta::job_id last_id_ = 0;
  td::claim_token last_token_ = 0;
  int pushes_ = 0;
  std::ostringstream said_;
};

using history = std::vector<step>;

/// Empty: all is well. `log`: what was done, step by step.
std::string fault_of(const store_kind& kind, bool with_rates, const history& steps,
                     std::string* log = nullptr) {
  run_of_history run{kind, with_rates};
  for (const auto& each : steps) {
    std::string fault;
    try {
      run.run(each);
    } catch (const std::exception& e) {
      fault = e.what();
    }
    if (log)
      *log += run.said() + '\n';
    if (!fault.empty())
      return fault;
  }
  return {};
}

/// Leaves out what isn't needed for it to fail.
history shortened(const store_kind& kind, bool with_rates, history steps) {
  int tries = 3000;
  for (std::size_t part = steps.size() / 2; part > 0; part = part == 1 ? 0 : part / 2)
    for (std::size_t at = 0; at < steps.size() && --tries > 0;) {
      auto fewer = steps;
      const auto from = fewer.begin() + static_cast<std::ptrdiff_t>(at);
      fewer.erase(from, from + static_cast<std::ptrdiff_t>(std::min(part, steps.size() - at)));
      if (fault_of(kind, with_rates, fewer).empty())
        at += part;
      else
        steps = std::move(fewer);
    }
  return steps;
}

history history_of(std::uint32_t seed) {
  std::mt19937 random{seed};
  history steps(80 + random() % 240);
  for (auto& each : steps)
    each = {static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random()),
            static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random())};
  return steps;
}

bool run_history(const store_kind& kind, std::uint32_t seed) {
  const bool with_rates = seed % 2 == 1;
  const auto steps = history_of(seed);
  if (fault_of(kind, with_rates, steps).empty())
    return true;
  const auto few = shortened(kind, with_rates, steps);
  std::string log;
  const auto fault = fault_of(kind, with_rates, few, &log);
  BOOST_ERROR("in the store " << kind.name << ", TASKACTOR_HISTORY_SEED=" << seed << ": " << fault
                              << "; after\n"
                              << log);
  return false;
}

long number_of(const char* variable, long otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::atol(text) : otherwise;
}

} // namespace random_histories

using namespace random_histories;

BOOST_AUTO_TEST_SUITE(random_histories)

BOOST_AUTO_TEST_CASE(each_store_does_as_the_model_does) {
  const auto only = number_of("TASKACTOR_HISTORY_SEED", -1);
  const auto span = std::chrono::seconds{number_of("TASKACTOR_HISTORIES", 2)};
  // Three at least, however slow the machine; others than the last time.
  const auto first = only >= 0 ? static_cast<std::uint32_t>(only) : std::random_device{}() / 2;
  for (const auto& kind : store_kinds()) {
    std::uint32_t count = 0;
    const auto end = std::chrono::steady_clock::now() + span;
    const auto is_more
        = [&] { return only >= 0 ? count == 0 : count < 3 || std::chrono::steady_clock::now() < end; };
    for (bool good = true; good && is_more(); ++count)
      good = run_history(kind, first + count);
    BOOST_TEST_MESSAGE(kind.name << ": " << count << " histories from seed " << first << " on");
  }
}

BOOST_AUTO_TEST_SUITE_END()
