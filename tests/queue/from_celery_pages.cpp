// What the page "From Celery" shows of queues: each habit of Celery's against a store, in virtual time.
#include <taskactor/queue.hpp>
#include <taskactor/queue/drain.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>
#include <taskactor/testing.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace from_celery_pages {

std::vector<std::string> sent; // by the test that runs
std::size_t refusals = 0;      // how often the mail server refuses what is sent

ta::task<std::string> send_letter(std::string to) {
  if (refusals != 0) {
    --refusals;
    throw std::runtime_error{"the mail server is busy"};
  }
  sent.push_back(to);
  co_return "sent to " + to;
}
TASKACTOR_REGISTER_AS(send_letter, "from_celery.send_letter");

ta::task<int> poll_export(std::string name) {
  if (ta::this_task::fencing_token() < 3)
    ta::this_task::retry_after(30s); // self.retry(countdown=30)
  co_return static_cast<int>(name.size());
}
TASKACTOR_REGISTER_AS(poll_export, "from_celery.poll_export");

struct world {
  ta::testing::manager time;
  ta::store store{time.tasks()};
  ta::job_queue mail{store, "mail"};

  world() {
    sent.clear();
    refusals = 0;
  }
  bool run(std::size_t slots = 1) {
    ta::job_runner runner{time.tasks(), store, {.queues = {{"mail", slots}}}};
    return ta::testing::drain(time, runner);
  }
};

} // namespace from_celery_pages

BOOST_AUTO_TEST_SUITE(from_celery_pages)

using namespace ::from_celery_pages;

BOOST_AUTO_TEST_CASE(delay_and_get) {
  world w;
  auto& mail = w.mail;
  // result = send_letter.delay("ann@example.org")
  const auto pushed = mail.push(send_letter, "ann@example.org").get();
  BOOST_TEST(w.run());
  // result.get(timeout=10)
  const auto how = pushed->job.wait(10s);
  BOOST_TEST(how->value() == "sent to ann@example.org");
}

BOOST_AUTO_TEST_CASE(countdown) {
  world w;
  auto& mail = w.mail;
  // send_letter.apply_async(("ann@example.org",), countdown=3600)
  mail.push({.delay = 1h}, send_letter, "ann@example.org").get().value();
  ta::job_runner runner{w.time.tasks(), w.store, {.queues = {{"mail", 1}}}};
  w.time.advance(59min);
  BOOST_TEST(sent.size() == 0u);
  w.time.advance(2min);
  BOOST_TEST(sent.size() == 1u);
}

BOOST_AUTO_TEST_CASE(expires) {
  world w;
  auto& mail = w.mail;
  // send_letter.apply_async(("ann@example.org",), expires=600)
  const auto pushed = mail.push({.expires = 10min}, send_letter, "ann@example.org").get();
  w.time.advance(11min); // and nobody has run it
  BOOST_TEST(w.run());
  BOOST_TEST((pushed->job.wait()->state() == ta::state::timed_out));
  BOOST_TEST((pushed->job.info().get().value().state == ta::job_state::expired));
  BOOST_TEST(sent.size() == 0u);
}

BOOST_AUTO_TEST_CASE(max_retries) {
  world w;
  auto& mail = w.mail;
  refusals = 3;
  // @app.task(autoretry_for=(Exception,), max_retries=4, retry_backoff=True)
  const ta::push_options patient{.retry = ta::job_retry{.max_attempts = 5, .backoff = {.first = 1s}}};
  const auto pushed = mail.push(patient, send_letter, "ann@example.org").get();
  BOOST_TEST(w.run());
  BOOST_TEST(pushed->job.wait()->has_value());
  BOOST_TEST(pushed->job.info().get().value().attempts == 3u);
  refusals = 100;
  const auto hopeless = mail.push(patient, send_letter, "bob@example.org").get();
  BOOST_TEST(w.run());
  BOOST_TEST((hopeless->job.wait()->state() == ta::state::failed));
  BOOST_TEST(hopeless->job.info().get().value().attempts == 5u);
}

BOOST_AUTO_TEST_CASE(retry_with_a_countdown) {
  world w;
  const auto pushed = w.mail.push(poll_export, "march").get();
  const auto begin = w.time.now();
  BOOST_TEST(w.run());
  BOOST_TEST(pushed->job.wait()->value() == 5);
  BOOST_TEST((w.time.now() - begin >= 60s));
  BOOST_TEST(pushed->job.info().get().value().snoozes == 2u);
  BOOST_TEST(pushed->job.info().get().value().attempts == 0u);
}

BOOST_AUTO_TEST_CASE(rate_limit) {
  world w;
  auto& store = w.store;
  auto& mail = w.mail;
  // @app.task(rate_limit="100/m")
  store.set_limit("letters", {.rate = ta::rate{.count = 100, .period = 1min}}).get().value();
  const std::vector<std::string> addresses(200, "ann@example.org");
  const ta::push_options limited{.limits = {ta::job_limit{.name = "letters"}}};
  mail.push_all(limited, send_letter, addresses).get().value();
  const auto begin = w.time.now();
  BOOST_TEST(w.run(50));
  BOOST_TEST(sent.size() == 200u);
  const auto taken = w.time.now() - begin;
  BOOST_TEST((taken >= 119s && taken < 125s));
}

BOOST_AUTO_TEST_CASE(acks_late) {
  world w;
  auto& mail = w.mail;
  const auto pushed = mail.push(send_letter, "ann@example.org").get();
  {
    // @app.task(acks_late=True): what was begun and not finished is there for the next one.
    ta::job_runner stopped{w.time.tasks(), w.store, {.queues = {{"mail", 1}}}};
  }
  BOOST_TEST(w.run());
  BOOST_TEST(pushed->job.wait()->has_value());
  BOOST_TEST(sent.size() == 1u);
}

BOOST_AUTO_TEST_CASE(priority) {
  world w;
  auto& mail = w.mail;
  // apply_async(..., priority=9): here 0 is first, 9 last, as with Celery on Redis
  mail.push({.priority = 9}, send_letter, "newsletter").get().value();
  mail.push({.priority = 0}, send_letter, "alarm").get().value();
  mail.push(send_letter, "letter").get().value();
  BOOST_TEST(w.run());
  BOOST_REQUIRE(sent.size() == 3u);
  // One in eight is the oldest, whatever its priority.
  BOOST_TEST((sent[0] == "alarm" || sent[0] == "newsletter"));
  BOOST_TEST((sent[1] == "letter" || sent[1] == "alarm" || sent[1] == "newsletter"));
}

BOOST_AUTO_TEST_CASE(unique) {
  world w;
  auto& mail = w.mail;
  // celery-once, celery-singleton
  const ta::push_options once{.unique = {.key = "ann"}};
  const auto first = mail.push(once, send_letter, "ann@example.org").get();
  const auto again = mail.push(once, send_letter, "ann@example.org").get();
  BOOST_TEST((again->how == ta::push_result::duplicate));
  BOOST_TEST((again->job == first->job));
  BOOST_TEST(w.run());
  BOOST_TEST(sent.size() == 1u);
}

BOOST_AUTO_TEST_CASE(revoke) {
  world w;
  auto& mail = w.mail;
  const auto pushed = mail.push(send_letter, "ann@example.org").get();
  // app.control.revoke(result.id)
  BOOST_TEST((pushed->job.cancel().get().value() == ta::control_reply::done));
  BOOST_TEST((pushed->job.wait()->state() == ta::state::cancelled));
  BOOST_TEST(w.run());
  BOOST_TEST(sent.size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
