// How a request ends by others: cancelled, at a deadline, killed, with its manager.
#include "http/http_transfer.hpp"
#include "servers/hostile_server.hpp"
#include "web.hpp"

#include <taskactor/testing.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <dirent.h>
#include <memory>
#include <netdb.h>
#include <string>
#include <thread>
#include <vector>

namespace request_ends {

using namespace test;
using clock = std::chrono::steady_clock;

struct ending_web : web {
  hostile_server server;
};

std::size_t threads() {
  std::size_t count = 0;
  DIR* const all = ::opendir("/proc/self/task");
  while (const auto* const one = ::readdir(all))
    count += one->d_name[0] != '.' ? 1 : 0;
  ::closedir(all);
  return count;
}

ta::task<int> get_status(ta::http::client by, std::string url) {
  const auto got = co_await by.get(std::move(url));
  co_return got.status;
}

/// While it is held, names that end with ".slow" take until it is let go.
std::atomic<bool> held{false};
std::atomic<std::size_t> lookups{0}, at_once{0}, most_at_once{0};

} // namespace request_ends

/// In place of the system's.
extern "C" int getaddrinfo(const char* name, const char*, const addrinfo*, addrinfo** found) {
  using namespace request_ends;
  ++lookups;
  const auto now = ++at_once;
  for (auto most = most_at_once.load(); most < now && !most_at_once.compare_exchange_weak(most, now);) {
  }
  if (std::string_view{name}.ends_with(".slow"))
    held.wait(true);
  --at_once;
  if (std::string_view{name}.ends_with(".invalid"))
    return EAI_NONAME;
  struct made {
    addrinfo info{};
    sockaddr_in address{};
  };
  auto* const one = new made;
  one->address.sin_family = AF_INET;
  one->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  one->info.ai_family = AF_INET;
  one->info.ai_addr = reinterpret_cast<sockaddr*>(&one->address);
  one->info.ai_addrlen = sizeof one->address;
  *found = &one->info;
  return 0;
}
extern "C" void freeaddrinfo(addrinfo* all) { ::operator delete(all); }

BOOST_FIXTURE_TEST_SUITE(request_ends, request_ends::ending_web)
using namespace request_ends;

BOOST_AUTO_TEST_CASE(a_cancelled_one_is_over_at_once_and_its_connection_with_it) {
  server.on("/", hostile::never_answers());
  auto waits = tasks.add_task({.id = "waits"}, get_status, client, server.url("/")).value();
  BOOST_TEST(server.wait_for_requests(1));
  tasks.cancel_and_wait("waits");
  BOOST_TEST(server.wait_for_open_connections(0));
  BOOST_CHECK_THROW(waits.get(), ta::task_error);
  BOOST_TEST(client.statistics().active == 0u);
}

BOOST_AUTO_TEST_CASE(a_deadline_ends_it) {
  server.on("/", hostile::never_answers());
  const auto late = tasks.add_task({.timeout = 50ms}, get_status, client, server.url("/")).value();
  BOOST_CHECK_THROW(late.get(), ta::task_error);
  BOOST_TEST(server.wait_for_open_connections(0));
}

BOOST_AUTO_TEST_CASE(who_waits_for_a_place_and_is_cancelled_takes_none) {
  server.on("/", hostile::never_answers());
  web one{{.per_host = 1}};
  auto first = one.tasks.add_task({.id = "first"}, get_status, one.client, server.url("/")).value();
  BOOST_TEST(server.wait_for_requests(1));
  auto second = one.tasks.add_task({.id = "second"}, get_status, one.client, server.url("/")).value();
  one.tasks.cancel_and_wait("second");
  server.on("/ok", hostile::answers(200, "x"));
  auto third = one.tasks.add_task({.id = "third"}, get_status, one.client, server.url("/ok")).value();
  one.tasks.cancel_and_wait("first");
  BOOST_TEST(third.get() == 200);
}

BOOST_AUTO_TEST_CASE(cancelled_at_any_time_nothing_is_lost) {
  server.on("/", [](hostile_connection& with) { return with.answer(200, "x"); });
  for (int round = 0; round < 300; ++round) {
    const auto id = "r" + std::to_string(round);
    auto one = tasks.add_task({.id = id}, get_status, client, server.url("/")).value();
    for (const auto until = clock::now() + std::chrono::microseconds{round * 5 % 700}; clock::now() < until;)
      std::this_thread::yield(); // each time later
    tasks.cancel_and_wait(id);
    try {
      BOOST_TEST(one.get() == 200);
    } catch (const ta::task_error&) { // or cancelled: either is right
    }
  }
  BOOST_TEST(client.statistics().active == 0u);
  BOOST_TEST(get(server.url("/")).status == 200);
}

BOOST_AUTO_TEST_CASE(a_client_ends_with_its_manager) {
  server.on("/", hostile::never_answers());
  web other;
  std::optional<web> first;
  first.emplace();
  const auto client_of_first = first->client;
  auto waits = other.tasks.add_task({}, get_status, client_of_first, server.url("/")).value();
  BOOST_TEST(server.wait_for_requests(1));
  first.reset();
  const auto stopping = [](const ta::error& why) { return why.code() == ta::errc::stopping; };
  BOOST_CHECK_EXCEPTION(waits.get(), ta::error, stopping);
  auto later = other.tasks.add_task({}, get_status, client_of_first, server.url("/")).value();
  BOOST_CHECK_EXCEPTION(later.get(), ta::error, stopping);
}

BOOST_AUTO_TEST_CASE(the_last_copy_may_go_with_the_task) {
  server.on("/", hostile::answers(200, "x"));
  for (int i = 0; i < 50; ++i) {
    auto one = tasks.add_task({}, get_status, ta::http::client{tasks}, server.url("/")).value();
    BOOST_TEST(one.get() == 200);
  }
}

BOOST_AUTO_TEST_CASE(names_are_looked_up_on_few_threads_and_left_at_once) {
  held = true;
  const auto before = threads();
  std::vector<ta::handle<int>> all;
  ta::manager_options many;
  many.capacity = 1000;
  ta::task_manager crowd{many};
  const ta::http::client by{crowd};
  const auto with_crowd = threads();
  for (int i = 0; i < 1000; ++i)
    all.push_back(crowd
                      .add_task({.id = std::to_string(i)}, get_status, by,
                                server.url("/", "h" + std::to_string(i) + ".slow"))
                      .value());
  while (at_once < 16)
    std::this_thread::yield();
  BOOST_TEST(threads() <= with_crowd + 20);
  BOOST_TEST(threads() > before);
  const auto begin = clock::now();
  crowd.cancel_and_wait("999");
  crowd.cancel_and_wait("0");
  BOOST_TEST((clock::now() - begin < 10s)); // the lookup takes for ever
  BOOST_TEST(crowd.add_task({}, [] { return 7; }).value().get() == 7);
  server.on("/", hostile::answers(200, "x"));
  held = false;
  held.notify_all();
  std::size_t answered = 0;
  for (auto& each : all)
    try {
      answered += each.get() == 200 ? 1 : 0;
    } catch (const ta::task_error&) {
    }
  BOOST_TEST(answered == 998u);
  BOOST_TEST(most_at_once <= 16u);
}

BOOST_AUTO_TEST_CASE(a_name_is_looked_up_once) {
  server.on("/", hostile::answers(200, "x"));
  const auto before = lookups.load();
  for (int i = 0; i < 10; ++i)
    BOOST_TEST(get(server.url("/", "once.example")).status == 200);
  BOOST_TEST(lookups - before == 1u);
  BOOST_TEST((fails_at(server.url("/", "gone.invalid")).code() == ta::http::errc::resolve));
}

/// An await that was given up has its transfer until its frame goes, which nobody waits for.
BOOST_AUTO_TEST_CASE(a_transfer_may_outlive_its_client) {
  namespace td = ta::detail;
  auto pool = std::make_shared<td::easy_pool>([](CURL*) {});
  const std::weak_ptr<td::easy_pool> of_client = pool;
  auto transfer
      = std::make_unique<td::http_transfer>(std::move(pool), td::http_bounds{}, td::http_delivery::whole);
  BOOST_TEST(!of_client.expired()); // it gives its handle back there
  transfer.reset();
  BOOST_TEST(of_client.expired());
}

BOOST_AUTO_TEST_CASE(in_virtual_time_the_clock_stands_while_one_goes_on) {
  server.on("/", [](hostile_connection& with) { return with.wait(30ms) && with.answer(200, "x"); });
  ta::testing::manager simulated;
  const ta::http::client by{simulated.tasks()};
  auto one = simulated.tasks().add_task({.timeout = 10ms}, get_status, by, server.url("/")).value();
  BOOST_TEST(one.get() == 200);
  BOOST_TEST((simulated.elapsed() == 0s));
}

BOOST_AUTO_TEST_SUITE_END()
