// Two nodes with managers of their own in one process, over a real socket: what a body sees of the other one.
#include <taskactor/node/named_calls.hpp>
#include <taskactor/taskactor.hpp>

#include <support/gate.hpp>
#include <support/temporary_directory.hpp>

#include <boost/test/unit_test.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <malloc.h>
#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace two_nodes_tasks {

std::atomic<int> running{0}, most{0};

int twice(int number) { return 2 * number; }
ta::task<int> slowly(int number) {
  most = std::max(most.load(), ++running);
  co_await ta::sleep_for(5ms);
  --running;
  co_return number;
}
void broken() { throw std::runtime_error{"no page"}; }
std::atomic<int> hanging{0};
ta::task<void> hangs() {
  ++hanging;
  co_await ta::sleep_for(1h);
}
std::atomic<bool> open{false};
ta::task<int> when_open(int number) {
  ++hanging;
  while (!open)
    co_await ta::sleep_for(1ms);
  co_return number;
}
ta::task<std::uint64_t> fencing_token_here() {
  ta::this_task::report_progress(1, 2, "half");
  co_return ta::this_task::fencing_token();
}
std::string echo(std::string text) { return text; }
ta::task<double> left() { co_return std::chrono::duration<double>(ta::this_task::remaining()).count(); }
ta::node* logs_at = nullptr;
ta::task<bool> logs() {
  const bool own = logs_at->relay_log(3, "body", "nearly done");
  const bool child = co_await ta::run_in_thread([] { return logs_at->relay_log(2, "", "from a thread"); });
  co_return own&& child;
}
ta::json nested(int levels) {
  ta::json value;
  for (int i = 0; i < levels; ++i)
    value = ta::json::array({std::move(value)});
  return value;
}
ta::json same(ta::json value) { return value; }
std::size_t length(const std::string& text) { return text.size(); }
void forges() { throw std::runtime_error{"no page\n\x1b[2J[error] \"here\" is compromised"}; }
ta::task<void> too_long() { co_await ta::sleep_for(1h); }

/// Its conversion takes as long as it is told to.
struct slow_argument {
  int number = 0;
};
test::gate conversion;
void from_json(const ta::json& from, slow_argument& to) {
  from.get_to(to.number);
  if (to.number < 0)
    throw to.number;
  conversion.pass();
}
void to_json(ta::json& to, const slow_argument& from) { to = from.number; }
int number_of(const slow_argument& given) { return given.number; }

TASKACTOR_REGISTER_AS(number_of, "nodes.number_of");
TASKACTOR_REGISTER_AS(twice, "nodes.twice");
TASKACTOR_REGISTER_AS(slowly, "nodes.slowly");
TASKACTOR_REGISTER_AS(broken, "nodes.broken");
TASKACTOR_REGISTER_AS(hangs, "nodes.hangs", {.idempotent = true});
TASKACTOR_REGISTER_AS(when_open, "nodes.when_open");
TASKACTOR_REGISTER_AS(fencing_token_here, "nodes.fencing_token");
TASKACTOR_REGISTER_AS(echo, "nodes.echo");
TASKACTOR_REGISTER_AS(left, "nodes.left");
TASKACTOR_REGISTER_AS(logs, "nodes.logs");
TASKACTOR_REGISTER_AS(nested, "nodes.nested");
TASKACTOR_REGISTER_AS(same, "nodes.same");
TASKACTOR_REGISTER_AS(length, "nodes.length");
TASKACTOR_REGISTER_AS(forges, "nodes.forges");
TASKACTOR_REGISTER_AS(too_long, "nodes.too_long", {.options = {.timeout = 20ms}});

} // namespace two_nodes_tasks

namespace two_nodes {

using namespace two_nodes_tasks;

struct pair {
  test::temporary_directory folder;
  ta::task_manager here_tasks{{.capacity = 8}}, there_tasks{{.capacity = 4, .cancel_grace = 1s}};
  ta::node here{here_tasks, {.name = "here", .lease = 1min, .drain = 1s}};
  std::unique_ptr<ta::node> there;
  std::string address;

  explicit pair(ta::node_options options = {}) {
    options.name = "there";
    options.lease = 1min; // none is lost because this machine is slow
    options.drain = 1s;
    options.labels = {"big"};
    there = std::make_unique<ta::node>(there_tasks, options);
    address = there->listen("unix:" + (folder / "there"));
    here.join(address);
    BOOST_REQUIRE(here.wait_for_peers(1, 10s));
  }
};

/// Bytes of memory that the program has.
[[maybe_unused]] std::size_t resident() {
  ::malloc_trim(0);
  std::size_t all = 0, here = 0;
  std::ifstream{"/proc/self/statm"} >> all >> here;
  return here * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

ta::errc code_of(const ta::failure& what) {
  try {
    what.raise();
  } catch (const std::system_error& error) {
    return static_cast<ta::errc>(error.code().value());
  } catch (...) {
    return {};
  }
}

} // namespace two_nodes

BOOST_AUTO_TEST_SUITE(two_nodes)

BOOST_AUTO_TEST_CASE(a_function_runs_there_and_its_value_comes_back) {
  pair nodes;
  BOOST_TEST(nodes.here.submit(ta::on_any(), twice, 21).value().get() == 42);
  BOOST_TEST(nodes.here.submit(ta::on_label("big"), slowly, 7).value().get() == 7);
  BOOST_TEST(nodes.here.submit({}, ta::on_node("there"), "nodes.twice", {4}).value().get() == 8);
  BOOST_TEST(nodes.here.submit(ta::on_least_loaded(), fencing_token_here).value().get() == 1U);
  const std::string big(3'000'000, 'x');
  BOOST_CHECK(nodes.here.submit(ta::on_any(), echo, big).value().get() == big);
  BOOST_TEST(nodes.there->statistics().taken == 5U);
}

BOOST_AUTO_TEST_CASE(a_value_that_has_come_back_is_there_though_no_token_is_left_here) {
  pair nodes;
  const auto wait_for_hanging = [until = hanging.load()](int more) {
    while (hanging.load() < until + more)
      std::this_thread::yield();
  };
  const auto call = nodes.here.submit(ta::on_any(), when_open, 3).value();
  const auto named = nodes.here.submit({}, ta::on_any(), "nodes.when_open", {4}).value();
  wait_for_hanging(2);
  for (int i = 0; i < 8; ++i)
    BOOST_REQUIRE(nodes.here_tasks.add_task({}, hangs));
  wait_for_hanging(2 + 8);
  open = true;
  BOOST_TEST(call.get() == 3);
  BOOST_TEST(named.get() == 4);
  nodes.here_tasks.cancel_all();
}

/// What makes JSON into an argument is a user's: neither the link nor the others wait for it.
BOOST_AUTO_TEST_CASE(a_conversion_of_an_argument_may_take_its_time_or_throw) {
  pair nodes;
  const auto slow = nodes.here.submit({}, ta::on_any(), "nodes.number_of", {4}).value();
  conversion.wait_held(1);
  BOOST_TEST(nodes.here.submit({}, ta::on_any(), "nodes.twice", {4}).value().get() == 8);
  const auto late = nodes.here.submit({.timeout = 50ms}, ta::on_any(), "nodes.number_of", {4}).value();
  BOOST_TEST(late.wait_for(10s));
  BOOST_CHECK(late.state() == ta::state::timed_out);
  const auto thrown = nodes.here.submit({}, ta::on_any(), "nodes.number_of", {-1}).value();
  BOOST_CHECK(code_of(thrown.wait_outcome().error()) == ta::errc::invalid_argument);
  BOOST_TEST(thrown.wait_outcome().error().message().find("int") != std::string::npos);
  const auto wrong = nodes.here.submit({}, ta::on_any(), "nodes.number_of", {"x"}).value();
  BOOST_CHECK(code_of(wrong.wait_outcome().error()) == ta::errc::bad_arguments);
  conversion.open();
  BOOST_TEST(slow.get() == 4);
  while (nodes.there->statistics().inbound != 0)
    std::this_thread::yield();
}

BOOST_AUTO_TEST_CASE(both_may_call_over_one_connection) {
  pair nodes;
  BOOST_REQUIRE(nodes.there->wait_for_peers(1, 10s));
  BOOST_TEST(nodes.there->submit(ta::on_node("here"), twice, 1).value().get() == 2);
  BOOST_TEST(nodes.there->leave(ta::no_timeout)); // there is nothing to wait for
}

BOOST_AUTO_TEST_CASE(errors_travel) {
  pair nodes;
  const auto thrown = nodes.here.submit(ta::on_any(), broken).value();
  BOOST_TEST(thrown.wait_outcome().error().message().find("std::runtime_error: no page")
             != std::string::npos);
  const auto ended = [&](const char* name, ta::json arguments) {
    return code_of(nodes.here.submit({}, ta::on_any(), name, arguments).value().wait_outcome().error());
  };
  BOOST_CHECK(ended("nodes.none", ta::json::array()) == ta::errc::unknown_task);
  BOOST_CHECK(ended("nodes.twice", {"x"}) == ta::errc::bad_arguments);
  BOOST_CHECK(ended("nodes.too_long", ta::json::array()) == ta::errc::task_timed_out);
  BOOST_CHECK(code_of(nodes.here.submit(ta::on_node("nobody"), twice, 1).value().wait_outcome().error())
              == ta::errc::no_node);
  const auto large = nodes.here.submit(ta::on_any(), echo, std::string(20'000'000, 'x')).value();
  BOOST_TEST(large.wait_outcome().error().message().find("can't be sent") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_the_protocol_has_no_room_for_is_told_and_harms_no_other_call) {
  pair nodes;
  const auto told = [&](const std::string& name, ta::json arguments) {
    return nodes.here.submit({}, ta::on_any(), name, arguments).value().wait_outcome().error().message();
  };
  const auto other = nodes.here.submit({.timeout = ta::no_timeout}, ta::on_any(), hangs).value();
  BOOST_TEST(nodes.here.submit(ta::on_any(), nested, 20).value().get() == nested(20));
  BOOST_TEST(told("nodes.nested", {300}).find("can't be sent") != std::string::npos);
  BOOST_TEST(told("nodes.same", {nested(300)}).find("can't be sent") != std::string::npos);
  BOOST_TEST(told(std::string(300, 'n'), ta::json::array()).find("255 bytes") != std::string::npos);
  BOOST_TEST(nodes.here.submit(ta::on_any(), twice, 21).value().get() == 42);
  BOOST_TEST(nodes.here.statistics().sessions_lost == 0U);
  other.cancel();
  BOOST_CHECK(other.wait_outcome().state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(a_node_without_capacity_is_given_no_call) {
  pair nodes{{.capacity = 0}};
  const auto call = nodes.here.submit(ta::on_any(), twice, 21).value();
  BOOST_TEST(!call.wait_for(100ms));
  BOOST_TEST(nodes.there->statistics().taken == 0U);
  call.cancel();
  BOOST_CHECK(call.wait_outcome().state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(a_node_whose_manager_has_stopped_is_not_asked_over_and_over) {
  pair nodes;
  BOOST_TEST(nodes.there_tasks.shutdown().clean());
  const auto call = nodes.here.submit(ta::on_any(), twice, 21).value();
  BOOST_TEST(!call.wait_for(100ms));
  BOOST_TEST(nodes.here.statistics().returned <= 1U);
  call.cancel();
  BOOST_CHECK(call.wait_outcome().state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(deadlines_go_along_and_a_cancelled_call_ends_there) {
  pair nodes;
  const auto left_there = nodes.here.submit({.timeout = 30s}, ta::on_any(), left).value().get();
  BOOST_TEST(left_there > 20.0);
  BOOST_TEST(left_there <= 30.0);
  const auto late = nodes.here.submit({.timeout = 50ms}, ta::on_any(), hangs).value();
  BOOST_CHECK(late.wait_outcome().state() == ta::state::timed_out);
  const auto unwanted
      = nodes.here.submit({.id = "unwanted", .timeout = ta::no_timeout}, ta::on_any(), hangs).value();
  const auto is_there = [&nodes] { // the late one perhaps never was
    const auto all = nodes.there_tasks.task_status();
    return std::any_of(all.begin(), all.end(),
                       [](const auto& each) { return each.id.starts_with("here:unwanted:"); });
  };
  while (!is_there())
    BOOST_REQUIRE(!unwanted.wait_for(1ms));
  unwanted.cancel();
  BOOST_CHECK(unwanted.wait_outcome().state() == ta::state::cancelled);
  const auto bound = std::chrono::steady_clock::now() + 20s;
  while (nodes.there->statistics().inbound != 0 && std::chrono::steady_clock::now() < bound)
    std::this_thread::yield(); // nobody here has waited for the end of the late one there
  BOOST_TEST(nodes.there->statistics().inbound == 0U);
}

BOOST_AUTO_TEST_CASE(who_is_cancelled_there_by_somebody_else_has_failed_here) {
  pair nodes;
  const auto call = nodes.here.submit({.id = "x"}, ta::on_any(), hangs).value();
  while (nodes.there_tasks.task_status().empty())
    BOOST_REQUIRE(!call.wait_for(1ms));
  const auto id = nodes.there_tasks.task_status().front().id;
  BOOST_TEST(id == "here:x:1");
  BOOST_TEST(nodes.here.submit({}, ta::on_any(), "taskactor.cancel", {id}).value().get() == "requested");
  BOOST_CHECK(code_of(call.wait_outcome().error()) == ta::errc::task_cancelled);
}

BOOST_AUTO_TEST_CASE(a_lost_node_is_an_outcome) {
  pair nodes;
  hanging = 0;
  const auto call = nodes.here.submit({.timeout = ta::no_timeout}, ta::on_any(), "nodes.hangs");
  const auto handle = call.value();
  while (hanging != 1) // what is taken there but hasn't begun would be given back
    BOOST_REQUIRE(!handle.wait_for(1ms));
  BOOST_TEST(!nodes.there->leave(0ns)); // it isn't over there: as if it had died
  nodes.there.reset();
  // It is idempotent, and waits for another node: there is none any more.
  BOOST_TEST(!handle.wait_for(50ms));
  handle.cancel();
  BOOST_CHECK(handle.wait_outcome().state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(a_gather_over_nodes_keeps_the_order_and_no_node_has_more_than_it_can_start) {
  pair nodes;
  most = 0;
  std::vector<int> items(200);
  for (int i = 0; i < 200; ++i)
    items[static_cast<std::size_t>(i)] = i;
  auto* const here = &nodes.here;
  const auto all = nodes.here_tasks.gather(
      {.concurrency = 50},
      [here](int item) -> ta::task<int> {
        const int value = co_await ta::run_on_node(*here, ta::on_any(), slowly, item);
        co_return value;
      },
      items);
  for (int i = 0; i < 200; ++i)
    BOOST_TEST(all[static_cast<std::size_t>(i)].value() == i);
  BOOST_TEST(most <= 4);
}

BOOST_AUTO_TEST_CASE(progress_is_that_of_the_caller) {
  pair nodes;
  std::atomic<int> heard{0};
  const auto events = nodes.here_tasks.observe([&](const ta::task_event& what) {
    heard += what.kind == ta::event_kind::progress && what.id == "p" && what.text == "half" ? 1 : 0;
  });
  const auto call = nodes.here.submit({.id = "p"}, ta::on_any(), fencing_token_here).value();
  call.wait();
  BOOST_TEST(call.info().progress.text == "half");
}

BOOST_AUTO_TEST_CASE(what_a_call_logs_is_told_to_its_caller) {
  pair nodes;
  std::ostringstream said;
  const auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(said);
  { // what it logs is written when the manager has ended
    ta::task_manager tasks{{.logger = std::make_shared<spdlog::logger>("said", sink)}};
    ta::node caller{tasks, {.name = "caller", .lease = 1min, .drain = 0s}};
    caller.join(nodes.address);
    BOOST_REQUIRE(caller.wait_for_peers(1, 30s));
    logs_at = nodes.there.get();
    BOOST_TEST(caller.submit({.id = "me"}, ta::on_any(), logs).value().get());
    BOOST_TEST(!nodes.there->relay_log(3, "", "of nobody"));
  }
  BOOST_TEST(said.str().find("me on there: body: nearly done") != std::string::npos);
  BOOST_TEST(said.str().find("me on there: from a thread") != std::string::npos);
}

// A sanitizer keeps what is freed.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
BOOST_AUTO_TEST_CASE(the_history_of_either_side_does_not_keep_what_calls_were_given) {
  constexpr std::size_t size = std::size_t{1} << 20;
  constexpr int calls = 200;
  pair nodes;
  const auto call
      = [&] { return nodes.here.submit(ta::on_any(), length, std::string(size, 'x')).value().get() == size; };
  BOOST_REQUIRE(call());
  const auto before = resident();
  for (int i = 0; i < calls; ++i)
    BOOST_REQUIRE(call());
  BOOST_TEST(resident() < before + calls * size / 4); // the arenas of several threads keep some
}
#endif

BOOST_AUTO_TEST_CASE(an_error_of_another_node_is_one_line_without_escape_sequences) {
  pair nodes;
  try {
    nodes.here.submit(ta::on_any(), forges).value().get();
    BOOST_FAIL("it has failed there");
  } catch (const ta::remote_error& error) {
    BOOST_TEST(std::string{error.what()}
               == "std::runtime_error: no page\\n\\x1b[2J[error] \"here\" is compromised");
  }
}

BOOST_AUTO_TEST_CASE(rights_are_kept_and_every_node_tells_of_itself) {
  pair nodes{
      {.rights = {{.task = "nodes.twice", .peers = {"here"}}, {.task = "taskactor.nodes", .peers = {"*"}}}}};
  BOOST_TEST(nodes.here.submit(ta::on_any(), twice, 21).value().get() == 42);
  BOOST_CHECK(code_of(nodes.here.submit(ta::on_any(), slowly, 1).value().wait_outcome().error())
              == ta::errc::not_permitted);
  const auto told = nodes.here.submit({}, ta::on_any(), "taskactor.nodes").value().get();
  BOOST_TEST(told["name"] == "there");
  BOOST_TEST(told["peers"][0]["name"] == "here");
}

BOOST_AUTO_TEST_CASE(options_and_addresses_that_cannot_be_are_named) {
  ta::task_manager tasks;
  const auto refused = [&](ta::node_options options) {
    try {
      ta::node made{tasks, std::move(options)};
      return std::string{};
    } catch (const std::system_error& error) {
      return std::string{error.what()};
    }
  };
  BOOST_TEST(refused({.labels = {""}}).find("labels") != std::string::npos);
  BOOST_TEST(refused({.certificates = {.authority = "x"}}).find("certificates") != std::string::npos);
  BOOST_TEST(refused({.heartbeat = 1s, .lease = 1s}).find("lease") != std::string::npos);
  BOOST_TEST(refused({.limits = {.max_frame = 0}}).find("frame") != std::string::npos);
  ta::node node{tasks};
  BOOST_CHECK_THROW(node.join("x:y:z"), std::system_error);
  BOOST_CHECK_THROW(node.listen("0.0.0.0:0"), std::system_error); // without certificates
}

BOOST_AUTO_TEST_SUITE_END()
