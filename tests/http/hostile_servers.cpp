// The server that doesn't behave does each fault that tests of the client rely on, as curl sees it.
#include "servers/easy_client.hpp"
#include "servers/hostile_server.hpp"
#include "servers/raw_connection.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hostile_servers {

using namespace std::chrono_literals;
using namespace test;

struct asked_server {
  hostile_server server;
  easy_client client;

  easy_answer ask(hostile_server::script what) {
    server.on("/", std::move(what));
    return client.ask(server.url("/"));
  }
};

constexpr long long long_enough = 300; ///< in milliseconds, for what never ends

} // namespace hostile_servers

BOOST_FIXTURE_TEST_SUITE(hostile_servers, hostile_servers::asked_server)
using namespace hostile_servers;

BOOST_AUTO_TEST_CASE(each_fault_is_that_fault) {
  const auto code = [&](hostile_server::script what) { return ask(std::move(what)).code; };
  BOOST_TEST(code(hostile::header_line_of(200'000))
             == CURLE_OUT_OF_MEMORY); // curl's word at more than 100 KiB
  BOOST_TEST(code(hostile::body_of(100, 40)) == CURLE_PARTIAL_FILE);
  BOOST_TEST(code(hostile::resets_in_head()) == CURLE_RECV_ERROR);
  BOOST_TEST(code(hostile::garbage()) == CURLE_UNSUPPORTED_PROTOCOL); // HTTP/0.9
  BOOST_TEST(code(hostile::bad_chunk_size()) == CURLE_RECV_ERROR);
  BOOST_TEST(code(hostile::cut_chunk()) == CURLE_PARTIAL_FILE);
  BOOST_TEST(code(hostile::closes()) == CURLE_GOT_NOTHING);
  BOOST_TEST(code(hostile::half_closes()) == CURLE_GOT_NOTHING);
}

BOOST_AUTO_TEST_CASE(what_was_sent_before_a_fault_has_come) {
  client.set(CURLOPT_FORBID_REUSE, 1L); // what was too much would be taken for the next answer
  const auto cut = ask(hostile::body_of(100, 40));
  BOOST_TEST(cut.body == std::string(40, 'x'));
  const auto more = ask(hostile::body_of(40, 100));
  BOOST_TEST(more.code == CURLE_OK);
  BOOST_TEST(more.body == std::string(40, 'x'));
  const auto lost = ask(hostile::resets_in_body(1'000'000, 10'000));
  BOOST_TEST(lost.code == CURLE_RECV_ERROR);
  BOOST_TEST(lost.body.size() <= 10'000U); // how much has come is the kernel's to say
}

BOOST_AUTO_TEST_CASE(what_never_ends_ends_with_who_asks) {
  client.set(CURLOPT_TIMEOUT_MS, long{long_enough});
  for (const auto& what : {hostile::never_answers(), hostile::trickle(1ms), hostile::trickle_of_head(1ms),
                           hostile::body_of_and_waits(100, 40)}) {
    BOOST_TEST(ask(what).code == CURLE_OPERATION_TIMEDOUT);
    BOOST_TEST(server.wait_for_open_connections(0));
  }
  std::size_t size = 0;
  for (long limit{long_enough}; size <= 1 && limit < 30'000; limit *= 2) { // until some has come
    client.set(CURLOPT_TIMEOUT_MS, limit);
    const auto answer = ask(hostile::trickle(1ms));
    BOOST_TEST(answer.code == CURLE_OPERATION_TIMEDOUT);
    size = answer.body.size();
  }
  BOOST_TEST(size > 1U);
}

BOOST_AUTO_TEST_CASE(headers_without_an_end_are_refused_by_curl) {
  const auto answer = ask(hostile::endless_headers());
  BOOST_TEST(answer.code != CURLE_OK);
  BOOST_TEST(answer.headers.size() > 100U);
  BOOST_TEST(server.wait_for_open_connections(0));
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_closed_when_it_is_used_again_is_asked_for_anew) {
  server.on("/", hostile::closes_when_used_again());
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.ask(server.url("/"));
    BOOST_TEST(answer.code == CURLE_OK);
    BOOST_TEST(answer.body == "1");
  }
  BOOST_TEST(server.connections() == 3U);
}

BOOST_AUTO_TEST_CASE(what_is_sent_comes_back_with_its_headers) {
  server.on("/", hostile::echo());
  const auto answer = client.put(server.url("/?q"), "some text");
  BOOST_TEST(answer.body.starts_with("PUT /?q\nHost: 127.0.0.1:"));
  BOOST_TEST(answer.body.ends_with("\n\nsome text"));
  BOOST_TEST(server.requests().at(0).header("content-length").value_or("") == "9");
}

BOOST_AUTO_TEST_CASE(a_body_in_chunks_is_put_together) {
  server.on("/", [echo = hostile::echo()](hostile_connection& with) {
    echo(with);
    return false;
  });
  raw_connection sends{server.port()};
  sends.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n");
  BOOST_TEST(sends.receive_all().ends_with("\n\nabc0123456789"));
}

BOOST_AUTO_TEST_CASE(nobody_says_that_a_body_may_come) {
  server.on("/", hostile::never_continues());
  curl_slist* const headers = curl_slist_append(nullptr, "Expect: 100-continue");
  client.set(CURLOPT_HTTPHEADER, headers);
  client.set(CURLOPT_EXPECT_100_TIMEOUT_MS, 20L);
  BOOST_TEST(client.put(server.url("/"), std::string(5000, 'x')).body == "5000");
  BOOST_TEST(server.requests().at(0).header("Expect").value_or("") == "100-continue");
  curl_slist_free_all(headers);
}

BOOST_AUTO_TEST_CASE(connections_are_counted_and_the_most_at_once) {
  server.on("/", hostile::never_answers());
  {
    std::vector<std::unique_ptr<raw_connection>> open;
    for (int i = 0; i < 5; ++i) {
      open.push_back(std::make_unique<raw_connection>(server.port()));
      open.back()->send("GET / HTTP/1.1\r\n\r\n");
    }
    BOOST_TEST(server.wait_for_requests(5));
    BOOST_TEST(server.open_connections() == 5U);
  }
  BOOST_TEST(server.wait_for_open_connections(0));
  BOOST_TEST(server.most_open_connections() == 5U);
  BOOST_TEST(server.connections() == 5U);
}

BOOST_AUTO_TEST_CASE(a_connection_can_be_closed_before_anything_is_said) {
  server.on_connection(hostile::closes());
  BOOST_TEST(raw_connection{server.port()}.receive_all().empty());
  server.on_connection(hostile::never_answers());
  client.set(CURLOPT_TIMEOUT_MS, long{long_enough});
  BOOST_TEST(client.ask("https" + server.url("/").substr(4)).code
             == CURLE_OPERATION_TIMEDOUT); // its handshake
}

BOOST_AUTO_TEST_CASE(a_script_can_change_its_mind) {
  std::atomic<int> asked = 0;
  server.on("/", [&](hostile_connection& with) {
    return with.answer(++asked < 3 ? 503 : 200, "", "Retry-After: 0\r\n");
  });
  BOOST_TEST(client.ask(server.url("/")).status == 503);
  BOOST_TEST(client.ask(server.url("/")).headers.at("retry-after") == "0");
  BOOST_TEST(client.ask(server.url("/")).status == 200);
  BOOST_TEST(client.ask(server.url("/other")).status == 404);
  BOOST_TEST(server.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(it_stops_whatever_is_under_way) {
  for (const auto& what : {hostile::never_answers(), hostile::trickle(1h), hostile::endless_headers()}) {
    hostile_server stops;
    stops.on("/", what);
    raw_connection waits{stops.port()};
    waits.send("GET / HTTP/1.1\r\n\r\n");
    BOOST_TEST(stops.wait_for_requests(1));
    const raw_connection says_nothing{stops.port()};
    BOOST_TEST(stops.wait_for_connections(2));
    const auto before = std::chrono::steady_clock::now();
    stops.stop();
    BOOST_TEST((std::chrono::steady_clock::now() - before < 10s));
  }
}

BOOST_AUTO_TEST_SUITE_END()
