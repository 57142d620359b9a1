// Jobs that are to run after others, in each store: what becomes of a child when its parents end, are
// retried, or go; and random histories, in which all stores have to say the same.
#include "backends.hpp"

#include <taskactor/error.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <sstream>

namespace store_edges {

using namespace queue_tests;
using ta::job_state;
using ta::on_failure;
using td::claim_end;
using td::control_verb;

td::new_job after(const std::vector<ta::job_id>& parents, on_failure wish = on_failure::cancel) {
  auto made = store_world::job();
  for (const auto each : parents)
    made.after.push_back({.parent = each, .before = 0, .on_failure = wish});
  return made;
}
/// `before`: places in the set.
td::new_job behind(std::size_t before, on_failure wish = on_failure::cancel) {
  auto made = store_world::job();
  made.after.push_back({.parent = 0, .before = before, .on_failure = wish});
  return made;
}
void in_stores_with_edges(const std::function<void(store_world&)>& test) {
  in_each_store([&](store_world& at) {
    if (at.has_edges())
      test(at);
  });
}
/// Runs one, which has to be this one.
void run(store_world& at, ta::job_id id, claim_end how = claim_end::succeeded) {
  const auto job = at.claim_one();
  BOOST_TEST(job.id == id);
  BOOST_TEST(at.finish(job, how) == td::end_reply::done);
}
ta::errc code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const ta::error& why) {
    return static_cast<ta::errc>(why.code().value());
  }
  return {};
}

// -- random histories -------------------------------------------------------

/// A store, and what a history has made of it: jobs by their number in the history, since ids differ.
class edge_run {
public:
  explicit edge_run(const store_kind& kind) : at_(kind), reopens_(kind.lasts) {}

  void step(std::uint32_t what, std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    switch (what % 12) {
    case 0:
    case 1:
    case 2:
      push(a, b, c);
      break;
    case 3:
    case 4:
    case 5:
    case 6:
      claim();
      break;
    case 7:
    case 8:
      finish(a, b);
      break;
    case 9:
      control(a, b);
      break;
    case 10:
      at_.now += std::chrono::seconds{a % 3};
      at_->promote(1 + b % 4);
      break;
    default:
      if (a % 4 == 0 && reopens_)
        at_.reopen();
      if (a % 4 == 1)
        at_.now += 2h;
      at_->prune(1 + b % 3);
      break;
    }
    for (const auto& fault : at_->check())
      faults_ += fault + "; ";
  }
  std::string faults() const { return faults_; }
  /// Of all that there are; `kept_until` is left out, since a prune may look at them in another order.
  std::string says() {
    std::ostringstream out;
    for (std::size_t i = 0; i < ids_.size(); ++i)
      if (const auto id = ids_[i]; at_.exists(id)) {
        const auto all = at_.details(id);
        out << i << ' ' << all.info.state;
        for (const auto& parent : all.parents)
          out << " <" << number_of(parent.id) << (parent.over ? "" : "?");
        out << '\n';
      }
    const auto queue = at_.queue();
    out << queue.ready << ' ' << queue.delayed << ' ' << queue.running << ' ' << queue.blocked;
    return out.str();
  }

private:
  std::size_t number_of(ta::job_id id) const {
    return static_cast<std::size_t>(std::ranges::find(ids_, id) - ids_.begin());
  }
  void push(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    std::vector<td::new_job> set;
    for (std::uint32_t i = 0; i <= a % 3; ++i) {
      auto job = at_.job();
      job.row.keep = std::chrono::hours{(b >> i) % 2};
      if ((c >> i) % 5 == 0)
        job.delay = 1s;
      if ((a >> i) % 7 == 0)
        job.expires = 2s;
      const auto wish = static_cast<on_failure>((b >> (2 * i)) % 3);
      for (std::uint32_t k = 0; k < (c >> (3 * i)) % 4; ++k) {
        const auto which = (a * 31 + b * 17 + c * 7 + k * 13 + i) % (ids_.size() + i + 1);
        td::new_edge edge{.parent = 0, .before = 0, .on_failure = wish};
        if (which < ids_.size())
          edge.parent = ids_[which];
        else if (which < ids_.size() + i)
          edge.before = i - (which - ids_.size());
        else
          continue;
        if (std::ranges::none_of(job.after, [&](const auto& each) {
              return each.parent == edge.parent && each.before == edge.before;
            }))
          job.after.push_back(edge);
      }
      set.push_back(std::move(job));
    }
    try {
      for (const auto& reply : at_->push(set))
        ids_.push_back(reply.id);
    } catch (const ta::error& why) {
      BOOST_TEST((why.code() == ta::errc::unknown_parent));
    }
  }
  void claim() {
    for (auto& job : at_.claim(1))
      claims_.push_back(std::move(job));
  }
  void finish(std::uint32_t a, std::uint32_t b) {
    if (claims_.empty())
      return;
    const auto at = claims_.begin() + a % claims_.size();
    constexpr claim_end ends[]{claim_end::succeeded, claim_end::failed,   claim_end::succeeded,
                               claim_end::retry,     claim_end::released, claim_end::cancelled};
    at_.finish(*at, ends[b % 6], std::chrono::seconds{b % 2});
    claims_.erase(at);
  }
  void control(std::uint32_t a, std::uint32_t b) {
    if (ids_.empty())
      return;
    constexpr control_verb verbs[]{control_verb::cancel, control_verb::remove, control_verb::retry,
                                   control_verb::retry};
    at_.control(verbs[b % 4], ids_[a % ids_.size()]);
  }

  store_world at_;
  bool reopens_;
  std::vector<ta::job_id> ids_;
  std::vector<td::claimed_job> claims_;
  std::string faults_;
};

} // namespace store_edges

using namespace store_edges;

BOOST_AUTO_TEST_SUITE(store_edges)

BOOST_AUTO_TEST_CASE(a_child_is_blocked_until_its_parents_are_over) {
  in_stores_with_edges([](store_world& at) {
    const auto a = at.id_of(at.job()), b = at.id_of(at.job());
    const auto child = at.id_of(after({a, b}));
    BOOST_TEST(at.state(child) == job_state::blocked);
    BOOST_TEST(at.queue().blocked == 1U);
    BOOST_TEST(at.queue().ready == 2U);
    BOOST_TEST(
        at->list({.ids = {}, .states = {job_state::blocked}, .queue = {}, .task = {}, .tag = {}}).size()
        == 1U);
    const auto parents = at.details(child).parents;
    BOOST_REQUIRE_EQUAL(parents.size(), 2U);
    BOOST_TEST(parents[0].id == a);
    BOOST_TEST(!parents[0].over);
    run(at, a);
    BOOST_TEST(at.state(child) == job_state::blocked);
    BOOST_TEST(at.details(child).parents[0].over);
    if (at.lasts())
      at.reopen();
    run(at, b);
    BOOST_TEST(at.state(child) == job_state::ready);
    BOOST_TEST(at.queue().blocked == 0U);
    run(at, child);
    BOOST_TEST(at.claim(5).empty());
  });
}

BOOST_AUTO_TEST_CASE(a_failed_attempt_that_is_tried_again_is_no_end) {
  in_stores_with_edges([](store_world& at) {
    const auto parent = at.id_of(at.job());
    const auto child = at.id_of(after({parent}));
    run(at, parent, claim_end::retry);
    BOOST_TEST(at.state(child) == job_state::blocked);
    run(at, parent);
    BOOST_TEST(at.state(child) == job_state::ready);
  });
}

BOOST_AUTO_TEST_CASE(what_a_parent_that_does_not_succeed_makes_of_its_children) {
  in_stores_with_edges([](store_world& at) {
    const auto parent = at.id_of(at.job());
    const auto cancelled = at.id_of(after({parent}));
    const auto failed = at.id_of(after({parent}, on_failure::fail));
    const auto runs = at.id_of(after({parent}, on_failure::run));
    const auto grandchild = at.id_of(after({failed}));
    run(at, parent, claim_end::failed);
    BOOST_TEST(at.state(cancelled) == job_state::cancelled);
    BOOST_TEST(at.info(cancelled).error == "its parent, job " + std::to_string(parent) + ", has failed");
    BOOST_TEST(at.state(failed) == job_state::failed);
    BOOST_TEST(at.state(runs) == job_state::ready);
    BOOST_TEST(at.state(grandchild) == job_state::cancelled);
    BOOST_TEST(at.info(grandchild).error == "its parent, job " + std::to_string(failed) + ", has failed");
    BOOST_TEST(at->ended_others());
    BOOST_TEST(!at->ended_others());
    BOOST_TEST(at.counters().cancelled == 2U);
    BOOST_TEST(at.counters().failed == 2U);
  });
}

BOOST_AUTO_TEST_CASE(a_parent_that_is_cancelled_deleted_or_expires) {
  in_stores_with_edges([](store_world& at) {
    const auto cancelled = at.id_of(at.job()), deleted = at.id_of(at.job());
    auto brief = at.job();
    brief.expires = 1s;
    const auto expiring = at.id_of(brief);
    const auto a = at.id_of(after({cancelled})), b = at.id_of(after({deleted}, on_failure::fail)),
               c = at.id_of(after({expiring})), d = at.id_of(after({deleted}, on_failure::run));
    BOOST_TEST((at.control(control_verb::cancel, cancelled) == ta::control_reply::done));
    BOOST_TEST(at.state(a) == job_state::cancelled);
    BOOST_TEST((at.control(control_verb::remove, deleted) == ta::control_reply::done));
    BOOST_TEST(at.state(b) == job_state::failed);
    BOOST_TEST(at.state(d) == job_state::ready);
    BOOST_TEST(at.details(b).parents.empty());
    at.now += 2s;
    at->promote(10);
    BOOST_TEST(at.state(expiring) == job_state::expired);
    BOOST_TEST(at.state(c) == job_state::cancelled);
    BOOST_TEST(at.info(c).error == "its parent, job " + std::to_string(expiring) + ", has expired");
  });
}

BOOST_AUTO_TEST_CASE(a_parent_that_has_ended_before_the_push_counts_as_it_has_ended) {
  in_stores_with_edges([](store_world& at) {
    const auto good = at.id_of(at.job()), bad = at.id_of(at.job());
    run(at, good);
    run(at, bad, claim_end::failed);
    BOOST_TEST(at.state(at.id_of(after({good}))) == job_state::ready);
    BOOST_TEST(at.state(at.id_of(after({good, bad}))) == job_state::cancelled);
    BOOST_TEST(at.state(at.id_of(after({bad}, on_failure::fail))) == job_state::failed);
    BOOST_TEST(at.state(at.id_of(after({bad}, on_failure::run))) == job_state::ready);
  });
}

BOOST_AUTO_TEST_CASE(a_parent_that_there_is_not) {
  in_stores_with_edges([](store_world& at) {
    const auto before = at.counters().pushed;
    const std::vector<td::new_job> set{at.job(), after({123'456})};
    BOOST_TEST((code_of([&] { at->push(set); }) == ta::errc::unknown_parent));
    BOOST_TEST(at.counters().pushed == before);
    BOOST_TEST(at.claim(5).empty());
    // A push that is made again says what the first one has said.
    const auto parent = at.id_of(at.job());
    auto child = after({parent}, on_failure::run);
    child.request = "0123456789abcdef";
    const auto first = at.push(child);
    BOOST_TEST((at.control(control_verb::remove, parent) == ta::control_reply::done));
    BOOST_TEST(at.push(child).id == first.id);
  });
}

BOOST_AUTO_TEST_CASE(a_store_without_edges_refuses_them_and_pushes_nothing) {
  in_each_store([](store_world& at) {
    if (at.has_edges())
      return;
    const auto parent = at.id_of(at.job());
    const std::vector<td::new_job> set{at.job(), after({parent})};
    BOOST_TEST((code_of([&] { at->push(set); }) == ta::errc::invalid_argument));
    BOOST_TEST(at.counters().pushed == 1U);
  });
}

BOOST_AUTO_TEST_CASE(children_in_the_set_of_their_parents) {
  in_stores_with_edges([](store_world& at) {
    auto both = behind(1);
    both.after.push_back({.parent = 0, .before = 2, .on_failure = {}});
    const std::vector<td::new_job> set{at.job(), behind(1), both, behind(3)};
    const auto replies = at->push(set);
    std::vector<job_state> states;
    for (const auto& each : replies)
      states.push_back(at.state(each.id));
    BOOST_CHECK((
        states == std::vector{job_state::ready, job_state::blocked, job_state::blocked, job_state::blocked}));
    run(at, replies[0].id);
    BOOST_TEST(at.state(replies[1].id) == job_state::ready);
    BOOST_TEST(at.state(replies[2].id) == job_state::blocked);
    BOOST_TEST(at.state(replies[3].id) == job_state::ready);
    run(at, replies[1].id);
    BOOST_TEST(at.state(replies[2].id) == job_state::ready);
  });
}

BOOST_AUTO_TEST_CASE(in_a_set_one_that_ends_at_once_ends_those_behind_it) {
  in_stores_with_edges([](store_world& at) {
    const auto bad = at.id_of(at.job());
    run(at, bad, claim_end::failed);
    auto first = after({bad});
    first.row.keep = {};
    const std::vector<td::new_job> set{first, behind(1)};
    const auto replies = at->push(set);
    BOOST_TEST(at.state(replies[1].id) == job_state::cancelled);
    BOOST_TEST(at.claim(5).empty());
  });
}

BOOST_AUTO_TEST_CASE(a_retried_parent_blocks_again_what_has_not_run) {
  in_stores_with_edges([](store_world& at) {
    const auto parent = at.id_of(at.job()), other = at.id_of(at.job());
    const auto ended = at.id_of(after({parent}, on_failure::fail)), grandchild = at.id_of(after({ended})),
               runs = at.id_of(after({parent}, on_failure::run)), waits = at.id_of(after({parent, other}));
    const auto by_hand = at.id_of(after({parent}));
    BOOST_TEST((at.control(control_verb::cancel, by_hand) == ta::control_reply::done));
    run(at, parent, claim_end::failed);
    BOOST_TEST(at.state(ended) == job_state::failed);
    BOOST_TEST(at.state(grandchild) == job_state::cancelled);
    BOOST_TEST(at.state(waits) == job_state::cancelled);
    run(at, other);
    run(at, runs);
    BOOST_TEST((at.control(control_verb::retry, parent) == ta::control_reply::done));
    BOOST_TEST(at.state(ended) == job_state::blocked);
    BOOST_TEST(at.state(grandchild) == job_state::blocked);
    BOOST_TEST(at.state(waits) == job_state::blocked);
    BOOST_TEST(at.state(runs) == job_state::succeeded);
    BOOST_TEST(at.state(by_hand) == job_state::cancelled);
    run(at, parent);
    BOOST_TEST(at.state(ended) == job_state::ready);
    BOOST_TEST(at.state(waits) == job_state::ready);
    BOOST_TEST(at.state(grandchild) == job_state::blocked);
    BOOST_TEST(at.state(by_hand) == job_state::cancelled);
  });
}

BOOST_AUTO_TEST_CASE(one_of_two_failed_parents_that_is_retried_brings_nobody_back) {
  in_stores_with_edges([](store_world& at) {
    const auto a = at.id_of(at.job()), b = at.id_of(at.job());
    const auto child = at.id_of(after({a, b}));
    run(at, a, claim_end::failed);
    run(at, b, claim_end::failed);
    BOOST_TEST((at.control(control_verb::retry, a) == ta::control_reply::done));
    BOOST_TEST(at.state(child) == job_state::cancelled);
    run(at, a);
    BOOST_TEST(at.state(child) == job_state::cancelled);
    BOOST_TEST((at.control(control_verb::retry, b) == ta::control_reply::done));
    BOOST_TEST(at.state(child) == job_state::blocked);
    run(at, b);
    BOOST_TEST(at.state(child) == job_state::ready);
  });
}

BOOST_AUTO_TEST_CASE(a_child_that_is_retried_by_hand) {
  in_stores_with_edges([](store_world& at) {
    const auto a = at.id_of(at.job()), b = at.id_of(at.job());
    const auto child = at.id_of(after({a, b}));
    run(at, a, claim_end::failed);
    BOOST_TEST((at.control(control_verb::retry, child) == ta::control_reply::done));
    BOOST_TEST(at.state(child) == job_state::blocked); // by b
    run(at, b);
    BOOST_TEST(at.state(child) == job_state::ready);
    run(at, child, claim_end::failed);
    BOOST_TEST((at.control(control_verb::retry, child) == ta::control_reply::done));
    BOOST_TEST(at.state(child) == job_state::ready);
  });
}

BOOST_AUTO_TEST_CASE(times_count_from_the_push) {
  in_stores_with_edges([](store_world& at) {
    const auto parent = at.id_of(at.job());
    auto later = after({parent}), brief = after({parent});
    later.delay = 10s;
    brief.expires = 5s;
    const auto delayed = at.id_of(later), expires = at.id_of(brief);
    BOOST_CHECK(at.info(delayed).due == at.now + 10s);
    at.now += 6s;
    at->promote(10);
    BOOST_TEST(at.state(expires) == job_state::expired);
    run(at, parent);
    BOOST_TEST(at.state(delayed) == job_state::delayed);
    at.now += 4s;
    at->promote(10);
    BOOST_TEST(at.state(delayed) == job_state::ready);
  });
}

BOOST_AUTO_TEST_CASE(a_parent_is_kept_until_its_last_child_has_ended) {
  in_stores_with_edges([](store_world& at) {
    auto brief = at.job();
    brief.row.keep = {};
    const auto parent = at.id_of(brief);
    const auto child = at.id_of(after({parent}));
    const auto job = at.claim_one();
    BOOST_TEST(at.finish({.id = parent, .token = job.token, .how = claim_end::succeeded, .result = "7"})
               == td::end_reply::done);
    at->prune(100);
    BOOST_CHECK(at.info(parent).kept_until == at.now + td::awaited_parents_kept);
    BOOST_TEST(at.details(parent).result == "7");
    run(at, child);
    at.now += 2h;
    while (at->prune(100) != 0) {
    }
    BOOST_TEST(!at.exists(parent));
    BOOST_TEST(!at.exists(child));
  });
}

BOOST_AUTO_TEST_CASE(a_blocked_child_that_is_replaced_stays_blocked) {
  in_stores_with_edges([](store_world& at) {
    const auto parent = at.id_of(at.job());
    auto first = at.unique("k", ta::unique_until::ended, ta::on_taken::replace);
    first.after.push_back({.parent = parent, .before = 0, .on_failure = {}});
    const auto child = at.id_of(first);
    auto second = at.unique("k", ta::unique_until::ended, ta::on_taken::replace);
    second.row.arguments = "[2]";
    const auto reply = at.push(second);
    BOOST_TEST(reply.how == ta::push_result::replaced);
    BOOST_TEST(reply.id == child);
    BOOST_TEST(at.state(child) == job_state::blocked);
    BOOST_TEST(at.details(child).arguments == "[2]");
    run(at, parent);
    BOOST_TEST(at.state(child) == job_state::ready);
  });
}

BOOST_AUTO_TEST_CASE(many_children_are_released_in_parts) {
  in_stores_with_edges([](store_world& at) {
    const std::size_t many = 3 * td::edges_at_once / 2;
    const auto parent = at.id_of(at.job());
    at.push(many, after({parent}));
    run(at, parent);
    BOOST_TEST(at.queue().ready == td::edges_at_once);
    const auto reply = at->promote(many);
    BOOST_TEST(!reply.more);
    BOOST_TEST(at.queue().ready == many);
    BOOST_TEST(at.queue().blocked == 0U);
  });
}

BOOST_AUTO_TEST_CASE(a_retry_while_children_are_still_to_be_released) {
  in_stores_with_edges([](store_world& at) {
    const std::size_t many = td::edges_at_once + 10;
    const auto parent = at.id_of(at.job());
    at.push(many, after({parent}));
    run(at, parent, claim_end::failed);
    BOOST_TEST(at.queue().blocked == many - td::edges_at_once);
    BOOST_TEST((at.control(control_verb::retry, parent) == ta::control_reply::done));
    while (at->promote(100).more) {
    }
    BOOST_TEST(at.queue().blocked == many);
    run(at, parent);
    while (at->promote(100).more) {
    }
    BOOST_TEST(at.queue().ready == many);
  });
}

BOOST_AUTO_TEST_CASE(a_child_of_many_parents) {
  in_stores_with_edges([](store_world& at) {
    const auto parents = at.push(200);
    const auto child = at.id_of(after(parents));
    for (const auto& job : at.claim(200)) {
      BOOST_TEST(at.state(child) == job_state::blocked);
      at.finish(job, claim_end::succeeded);
    }
    BOOST_TEST(at.state(child) == job_state::ready);
  });
}

BOOST_AUTO_TEST_CASE(all_stores_make_the_same_of_random_histories) {
  const auto* const given = std::getenv("TASKACTOR_EDGE_HISTORIES");
  const std::uint32_t histories = given ? static_cast<std::uint32_t>(std::atoi(given)) : 40;
  for (std::uint32_t seed = 1; seed <= histories; ++seed) {
    std::vector<std::unique_ptr<edge_run>> runs;
    for (const auto& kind : store_kinds())
      if (kind.has_edges)
        runs.push_back(std::make_unique<edge_run>(kind));
    std::mt19937 random{seed};
    const auto drawn = [&random] { return static_cast<std::uint32_t>(random()); };
    for (int n = 0; n < 60; ++n) {
      const auto what = drawn(), a = drawn(), b = drawn(), c = drawn();
      BOOST_TEST_CONTEXT("history " << seed << ", step " << n << ": " << what % 12) {
        std::string first;
        for (auto& each : runs) {
          each->step(what, a, b, c);
          BOOST_REQUIRE_EQUAL(each->faults(), "");
          const auto says = each->says();
          if (first.empty())
            first = says;
          BOOST_REQUIRE_EQUAL(says, first);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
