// Servers that do all wrong: a typed error with what was received, and nothing hangs or is lost.
#include "servers/hostile_server.hpp"
#include "servers/web_site.hpp"
#include "web.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace faults {

using namespace test;
using ta::http::errc;

struct one_fault {
  const char* name;
  hostile::script script;
  std::vector<errc> meant; // any of these
  std::size_t received;    // of the body, at least
};

std::vector<one_fault> all() {
  return {
      {"endless headers", hostile::endless_headers(), {errc::too_large, errc::protocol}, 0},
      {"a huge line", hostile::header_line_of(std::size_t{1} << 20), {errc::too_large, errc::protocol}, 0},
      {"a body that is cut", hostile::body_of(1000, 400), {errc::disconnected}, 400},
      {"a body that is reset", hostile::resets_in_body(1000, 400), {errc::disconnected}, 0},
      {"a head that is reset", hostile::resets_in_head(), {errc::disconnected, errc::protocol}, 0},
      {"garbage", hostile::garbage(), {errc::protocol, errc::disconnected}, 0},
      {"a bad chunk", hostile::bad_chunk_size(), {errc::protocol, errc::disconnected}, 0},
      {"a chunk that is cut", hostile::cut_chunk(), {errc::disconnected}, 1},
      {"no answer", hostile::closes(), {errc::disconnected}, 0},
      {"half closed", hostile::half_closes(), {errc::disconnected}, 0},
      {"never an answer", hostile::never_answers(), {errc::timeout}, 0},
      {"a body that waits", hostile::body_of_and_waits(1000, 400), {errc::timeout}, 0},
      {"a trickle", hostile::trickle(10ms), {errc::timeout}, 0},
      {"a trickle of a head", hostile::trickle_of_head(10ms), {errc::timeout}, 0},
  };
}

/// Long enough for all but those that never come to an end.
std::chrono::milliseconds patience(const one_fault& of) {
  return of.meant.front() == errc::timeout ? 300ms : 30s;
}

ta::task<int> read_all(ta::http::client by, std::string url, std::chrono::milliseconds timeout) {
  ta::http::request what;
  what.url = std::move(url);
  what.timeout = timeout;
  auto answer = co_await by.open(std::move(what));
  while (co_await answer.read()) {
  }
  co_return answer.head().status;
}

struct hostile_web : web {
  hostile_server server;
};

} // namespace faults

BOOST_FIXTURE_TEST_SUITE(faults, faults::hostile_web)
using namespace faults;

BOOST_AUTO_TEST_CASE(each_is_an_error_that_says_which) {
  for (const auto& fault : all()) {
    const auto& [name, script, meant, least] = fault;
    server.on("/", script);
    const auto why = fails({.url = server.url("/"), .timeout = patience(fault)});
    BOOST_TEST(std::count_if(meant.begin(), meant.end(), [&](errc one) { return why.code() == one; }) == 1,
               name << ": " << why.what());
    BOOST_TEST(why.received().body.size() >= least, name << ": " << why.received().body.size());
    BOOST_TEST(why.message().find(server.url("/")) == 0u, name << ": " << why.message());
    BOOST_TEST(why.url() == server.url("/"));
  }
  BOOST_TEST(client.statistics().active == 0u);
}

BOOST_AUTO_TEST_CASE(a_stream_tells_the_same_behind_what_has_come) {
  for (const auto& fault : all()) {
    const auto& [name, script, meant, least] = fault;
    server.on("/", script);
    try {
      tasks.add_task({}, read_all, client, server.url("/"), patience(fault)).value().get();
      BOOST_TEST(false, name);
    } catch (const ta::http::error& why) {
      BOOST_TEST(std::count_if(meant.begin(), meant.end(), [&](errc one) { return why.code() == one; }) == 1,
                 name << ": " << why.what());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_connection_that_has_died_is_no_error_of_the_next_request) {
  server.on("/", hostile::closes_when_used_again());
  for (int i = 0; i < 5; ++i)
    BOOST_TEST(get(server.url("/")).status == 200);
}

BOOST_AUTO_TEST_CASE(more_than_was_said_is_left_out) {
  server.on("/", hostile::body_of(10, 400));
  BOOST_TEST(get(server.url("/")).body.size() == 10u);
  server.on("/x", hostile::answers(200, "fine"));
  try { // what came too much isn't taken for an answer
    BOOST_TEST(get(server.url("/x")).body == "fine");
  } catch (const ta::http::error& why) { // libcurl may have begun to use the connection again
    BOOST_TEST((why.code() == errc::protocol), why.what());
  }
}

BOOST_AUTO_TEST_CASE(a_stream_that_was_closed_says_so) {
  server.on("/", hostile::trickle(10ms));
  const auto reads = [](ta::http::client by, std::string url) -> ta::task<int> {
    ta::http::request what;
    what.url = std::move(url);
    auto answer = co_await by.open(std::move(what));
    answer.close();
    co_await answer.read();
    co_return 0;
  };
  BOOST_CHECK_EXCEPTION(run<int>(reads, server.url("/")), ta::error,
                        [](const auto& why) { return why.code() == ta::errc::closed; });
}

BOOST_AUTO_TEST_CASE(a_body_of_another_length_than_was_said_isnt_sent_as_one) {
  server.on("/", hostile::echo());
  const auto sends = [](ta::http::client by, std::string url) -> ta::task<int> {
    const ta::channel<std::string> pieces{2};
    co_await pieces.send("12345");
    co_await pieces.send("67890");
    pieces.close();
    ta::http::request what{.method = "POST"};
    what.headers = ta::http::header_list{{"Content-Length", url.ends_with("?short") ? "20" : "7"}};
    what.url = std::move(url);
    const auto answer = co_await by.upload(std::move(what), pieces);
    co_return answer.status;
  };
  for (const char* path : {"/?short", "/?long"})
    BOOST_CHECK_EXCEPTION(run<int>(sends, server.url(path)), ta::http::error,
                          [](const auto& why) { return why.code() == errc::body_was_sent; });
}

BOOST_AUTO_TEST_CASE(a_body_for_which_nobody_says_go_on_is_sent_all_the_same) {
  server.on("/", hostile::never_continues());
  const auto got = send({.method = "PUT",
                         .url = server.url("/"),
                         .headers = {{"Expect", "100-continue"}},
                         .body = std::string(100'000, 'x')});
  BOOST_TEST(got.body.find("100000") != std::string::npos, got.body);
}

BOOST_AUTO_TEST_CASE(urls_that_arent_are_refused) {
  const std::vector<std::pair<std::string, errc>> bad{
      {"", errc::invalid_url},
      {"example.org", errc::invalid_url},
      {"http://", errc::invalid_url},
      {"http://a b/", errc::invalid_url},
      {"http://a/\r\nX: y", errc::invalid_url},
      {std::string{"http://a/\0b", 11}, errc::invalid_url},
      {"http://a/\x7f", errc::invalid_url},
      {"http://[::1/", errc::invalid_url},
      {"http://a:99999/", errc::invalid_url},
      {"http://ann:secret@a:x/", errc::invalid_url},
      {"ftp://a/", errc::unsupported_scheme},
      {"file:///etc/passwd", errc::unsupported_scheme},
      {"gopher://a/", errc::unsupported_scheme},
  };
  for (const auto& [url, code] : bad) {
    const auto why = fails_at(url);
    BOOST_TEST((why.code() == code), url << ": " << why.what());
    BOOST_TEST(std::string{why.what()}.find("secret") == std::string::npos, why.what());
    BOOST_TEST(why.message().find_first_of(std::string{"\r\n\0", 3}) == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(nobody_there_and_no_such_name) {
  const auto url = server.url("/");
  server.stop();
  BOOST_TEST((fails_at(url).code() == errc::connect), fails_at(url).what());
  const auto why = fails_at("http://nowhere.invalid/");
  BOOST_TEST((why.code() == errc::resolve), why.what());
}

BOOST_AUTO_TEST_CASE(a_body_that_came_out_of_a_channel_isnt_sent_twice) {
  server.on("/", hostile::answers(307, "", "Location: /there\r\n"));
  const auto from_channel = [](ta::http::client by, std::string url) -> ta::task<int> {
    const ta::channel<std::string> pieces{1};
    co_await pieces.send("text");
    pieces.close();
    ta::http::request what{.method = "POST"};
    what.url = std::move(url);
    const auto answer = co_await by.upload(std::move(what), pieces);
    co_return answer.status;
  };
  BOOST_CHECK_EXCEPTION(run<int>(from_channel, server.url("/")), ta::http::error,
                        [](const auto& why) { return why.code() == errc::body_was_sent; });
}

BOOST_AUTO_TEST_CASE(an_upload_ends_when_its_answer_is_there) {
  server.on("/", [](hostile_connection& with) {
    with.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return false;
  });
  const auto from_channel = [](ta::http::client by, std::string url) -> ta::task<int> {
    const ta::channel<std::string> pieces{1}; // nothing will ever come
    ta::http::request what{.method = "POST"};
    what.url = std::move(url);
    const auto answer = co_await by.upload(std::move(what), pieces);
    co_return answer.status;
  };
  BOOST_TEST(run<int>(from_channel, server.url("/")) == 413);
}

BOOST_AUTO_TEST_SUITE_END()
