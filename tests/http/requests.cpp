// What a client does with a server that behaves.
#include "servers/hostile_server.hpp"
#include "servers/web_site.hpp"
#include "web.hpp"

#include <boost/test/unit_test.hpp>

#include "support/temporary_directory.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace requests {

using namespace test;
using ta::http::errc;

web_site& site() {
  static web_site one;
  return one;
}

std::string line(const std::string& text, const std::string& name) {
  const auto at = text.find(name + ": ");
  return at == std::string::npos ? "none" : text.substr(at, text.find('\n', at) - at);
}

std::string content(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

struct plain_web : web {};

} // namespace requests

BOOST_FIXTURE_TEST_SUITE(requests, requests::plain_web)
using namespace requests;

BOOST_AUTO_TEST_CASE(an_answer_comes_whole_over_a_connection_that_is_kept) {
  const auto first = get(site().url("/1k"));
  BOOST_TEST(first.status == 200);
  BOOST_TEST(first.ok());
  BOOST_TEST(first.body == web_site::text(1024));
  BOOST_TEST(first.version == "1.1");
  BOOST_TEST(first.url == site().url("/1k"));
  BOOST_TEST(first.headers["content-LENGTH"] == "1024");
  BOOST_TEST(get(site().url("/1m")).body == web_site::text(std::size_t{1} << 20));
  BOOST_TEST(get(site().url("/empty")).body.empty());
  const auto connection = std::string{first.headers["X-Connection"]};
  const auto last = std::string{get(site().url("/1k")).headers["X-Connection"]};
  BOOST_TEST(last.substr(0, last.find(' ')) == connection.substr(0, connection.find(' ')));
  BOOST_TEST(client.statistics().active == 0u);
  BOOST_TEST(client.statistics().answered == 4u);
}

BOOST_AUTO_TEST_CASE(an_error_status_is_an_answer) {
  for (const int status : {404, 429, 500, 502, 503}) {
    const auto got = get(site().url("/" + std::to_string(status)));
    BOOST_TEST(got.status == status);
    BOOST_TEST(!got.ok());
    BOOST_TEST(got.attempts == 1u);
  }
}

BOOST_AUTO_TEST_CASE(methods_and_headers_are_sent_as_they_are) {
  hostile_server server;
  server.on("/", hostile::echo());
  const auto url = server.url("/");
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"}) {
    const auto got = send({.method = method, .url = url});
    BOOST_TEST(got.body.starts_with(std::string{method} + " /"), method << ": " << got.body);
    const auto full
        = send({.method = method, .url = url, .headers = {{"X-Empty", ""}, {"X-Id", "7"}}, .body = "text"});
    BOOST_TEST(full.body.starts_with(std::string{method} + " /"), method << ": " << full.body);
    BOOST_TEST(full.body.find("X-Id: 7") != std::string::npos);
    BOOST_TEST(full.body.find("X-Empty:") != std::string::npos);
    BOOST_TEST(full.body.ends_with("text"));
    BOOST_TEST(full.body.find("urlencoded") == std::string::npos, full.body);
    BOOST_TEST(full.body.find("Expect") == std::string::npos);
    BOOST_TEST(full.body.find("User-Agent: taskactor/") != std::string::npos);
  }
  const auto mine = send({.url = url, .headers = {{"user-agent", "mine"}}});
  BOOST_TEST(mine.body.find("User-Agent: taskactor/") == std::string::npos);
  BOOST_TEST(get(url).body.find("mine") == std::string::npos); // nothing stays of a request
  BOOST_TEST(get(url).body.starts_with("GET /"));
}

BOOST_AUTO_TEST_CASE(head_has_a_header_and_no_body) {
  const auto got = send({.method = "HEAD", .url = site().url("/huge")});
  BOOST_TEST(got.headers["Content-Length"] == "10000000000");
  BOOST_TEST(got.body.empty());
}

BOOST_AUTO_TEST_CASE(what_is_compressed_is_decompressed) {
  BOOST_TEST(get(site().url("/gzip/text")).body == web_site::text(std::size_t{64} << 10));
  web raw{{.compressed = false}};
  const auto got = raw.get(site().url("/gzip/text"));
  BOOST_TEST(got.body == web_site::text(std::size_t{64} << 10));
  BOOST_TEST(!got.headers.contains("Content-Encoding"));
}

BOOST_AUTO_TEST_CASE(bodies_are_bounded_before_and_after_decompression) {
  for (const char* path : {"/huge", "/gzip/huge"}) {
    const auto why = fails_at(site().url(path));
    BOOST_TEST(why.code() == errc::too_large, why.what());
    BOOST_TEST(why.received().status == 200);
    BOOST_TEST(why.received().body.size() <= std::size_t{16} << 20);
  }
  const auto why = fails({.url = site().url("/1k"), .max_body = 1023});
  BOOST_TEST(why.code() == errc::too_large, why.what());
  BOOST_TEST(send({.url = site().url("/1k"), .max_body = 1024}).body.size() == 1024u);
}

BOOST_AUTO_TEST_CASE(servers_of_an_authority_that_is_believed_are_spoken_to_in_http_2) {
  web safe{trusting(site().authority())};
  const auto got = safe.get(site().url("/1k", web_site::port::tls));
  BOOST_TEST(got.version == "2");
  BOOST_TEST(got.body == web_site::text(1024));
  BOOST_TEST(safe.get(site().url("/1k", web_site::port::tls_1)).version == "1.1");
  auto old = trusting(site().authority());
  old.http2 = false;
  BOOST_TEST(web{old}.get(site().url("/1k", web_site::port::tls)).version == "1.1");
}

BOOST_AUTO_TEST_CASE(who_cant_be_believed_is_refused) {
  web safe{trusting(site().authority())};
  for (const auto port : {web_site::port::wrong_name, web_site::port::expired, web_site::port::self_signed}) {
    const auto why = safe.fails_at(site().url("/1k", port));
    BOOST_TEST(why.code() == errc::tls, why.what());
    BOOST_TEST(why.received().status == 0);
  }
  BOOST_TEST((fails_at(site().url("/1k", web_site::port::tls)).code() == errc::tls)); // the system's alone
  web careless{{.tls = {.verify = false}}};
  BOOST_TEST(careless.get(site().url("/1k", web_site::port::self_signed)).status == 200);
}

BOOST_AUTO_TEST_CASE(redirects_are_followed_as_browsers_do) {
  const auto to = site().url("/echo", web_site::port::other_plain);
  for (const int status : {301, 302, 303, 307, 308})
    for (const char* method : {"GET", "POST", "PUT", "HEAD"}) {
      ta::http::request what{.method = method, .url = site().redirect(status, to)};
      if (method == std::string{"POST"} || method == std::string{"PUT"})
        what.body = "x";
      const auto got = send(what);
      BOOST_TEST(got.status == 200, status << ' ' << method << ' ' << got.status);
      BOOST_TEST(got.redirects == 1u);
      BOOST_TEST(got.url == to);
      const bool becomes_get = (status == 303 && method != std::string{"HEAD"})
                               || (status <= 302 && method == std::string{"POST"});
      if (method != std::string{"HEAD"})
        BOOST_TEST(got.body.find(becomes_get ? "GET" : method) != std::string::npos, status << got.body);
    }
  BOOST_TEST((fails_at(site().url("/loop")).code() == errc::too_many_redirects));
  const auto stays = send({.url = site().redirect(302, to), .max_redirects = 0});
  BOOST_TEST(stays.status == 302);
  BOOST_TEST(stays.headers["Location"] == to);
  BOOST_TEST((fails_at(site().redirect(302, "file:///etc/passwd")).code() == errc::unsupported_scheme));
  BOOST_TEST((fails_at(site().redirect(302, "http://")).code() == errc::invalid_url));
}

BOOST_AUTO_TEST_CASE(what_is_secret_stays_with_its_server) {
  hostile_server one, other;
  one.on("/here", hostile::answers(302, "", "Location: /echo\r\n"));
  one.on("/there", hostile::answers(307, "", "Location: " + other.url("/echo") + "\r\n"));
  one.on("/echo", hostile::echo());
  other.on("/echo", hostile::echo());
  const auto with_user = [&](const std::string& path) {
    auto url = one.url(path);
    return url.replace(0, 7, "http://ann:secret@");
  };
  const auto sent = [&](const std::string& path) {
    return send({.url = with_user(path), .headers = {{"Cookie", "c=1"}, {"X-Other", "o"}}}).body;
  };
  const auto same = sent("/here");
  BOOST_TEST(same.find("Authorization: Basic") != std::string::npos, same);
  BOOST_TEST(same.find("Cookie: c=1") != std::string::npos);
  const auto elsewhere = sent("/there");
  BOOST_TEST(elsewhere.find("Authorization") == std::string::npos, elsewhere);
  BOOST_TEST(elsewhere.find("Cookie") == std::string::npos);
  BOOST_TEST(elsewhere.find("X-Other: o") != std::string::npos);
  const auto header = send({.url = one.url("/there"), .headers = {{"authorization", "Bearer t"}}}).body;
  BOOST_TEST(header.find("Bearer") == std::string::npos, header);
  BOOST_TEST(send({.url = with_user("/echo")}).url == one.url("/echo"));
  const auto host = send({.url = one.url("/there"), .headers = {{"Host", "app.internal"}}}).body;
  BOOST_TEST(host.find("app.internal") == std::string::npos, host);
  BOOST_TEST(send({.url = one.url("/here"), .headers = {{"Host", "app.internal"}}}).body.find("app.internal")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_proxy_is_asked_for_names_that_arent_known_here) {
  hostile_server proxy;
  proxy.on_others(hostile::echo());
  web behind{{.proxy = proxy.url("")}};
  const auto got = behind.get("http://nowhere.invalid/page");
  BOOST_TEST(got.body.starts_with("GET http://nowhere.invalid/page"), got.body);
}

BOOST_AUTO_TEST_CASE(what_fails_for_a_while_is_tried_again) {
  hostile_server server;
  int asked = 0; // by one thread for each connection, one after the other
  server.on("/503", [&](hostile_connection& with) {
    return ++asked < 3 ? with.answer(503, "busy", "Retry-After: 0\r\n") : with.answer(200, "there");
  });
  const ta::retry again{.max_attempts = 4, .backoff = {.first = 1ms}};
  const auto got = send({.url = server.url("/503"), .retry = again});
  BOOST_TEST(got.status == 200);
  BOOST_TEST(got.attempts == 3u);
  asked = -10;
  const auto last = send({.url = server.url("/503"), .retry = again});
  BOOST_TEST(last.status == 503);
  BOOST_TEST(last.attempts == 4u);
  asked = 0; // what isn't sure to do the same twice isn't sent twice
  BOOST_TEST(send({.method = "POST", .url = server.url("/503"), .body = "x", .retry = again}).status == 503);
  asked = 0;
  BOOST_TEST(send({.method = "POST",
                   .url = server.url("/503"),
                   .headers = {{"Idempotency-Key", "k"}},
                   .body = "x",
                   .retry = again})
                 .status
             == 200);
  hostile_server cuts; // no connection to it is kept yet: libcurl asks anew by itself when one has died
  cuts.on("/cut", [&](hostile_connection& with) {
    if (++asked % 2 == 1)
      return false;
    return with.answer(200, "there");
  });
  asked = 0;
  BOOST_TEST(send({.url = cuts.url("/cut"), .retry = again}).attempts == 2u);
}

BOOST_AUTO_TEST_CASE(who_says_when_to_come_again_is_waited_for) {
  hostile_server server;
  int asked = 0;
  std::string after;
  server.on("/", [&](hostile_connection& with) {
    return ++asked == 1 ? with.answer(429, "", "Retry-After: " + after + "\r\n") : with.answer(200, "");
  });
  const ta::retry again{.max_attempts = 2, .backoff = {.first = 1ms}};
  const auto begin = std::chrono::steady_clock::now();
  after = "1";
  BOOST_TEST(send({.url = server.url("/"), .retry = again}).status == 200);
  BOOST_TEST((std::chrono::steady_clock::now() - begin >= 1s));
  for (const std::string& too_long : {std::string{"61"}, web_site::http_date(3600)}) {
    after = too_long;
    asked = 0;
    const auto got = send({.url = server.url("/"), .retry = again}); // as it is
    BOOST_TEST(got.status == 429);
    BOOST_TEST(asked == 1);
  }
  asked = 0; // beyond the deadline of the task
  after = "30";
  const auto body = [](ta::http::client by, std::string url, ta::retry how) -> ta::task<int> {
    ta::http::request what;
    what.url = std::move(url);
    what.retry = how;
    const auto got = co_await by.send(std::move(what));
    co_return got.status;
  };
  BOOST_TEST(tasks.add_task({.timeout = 20s}, body, client, server.url("/"), again).value().get() == 429);
}

BOOST_AUTO_TEST_CASE(a_host_has_so_many_requests_at_once) {
  hostile_server server;
  server.on("/", [](hostile_connection& with) { return with.wait(50ms) && with.answer(200, "x"); });
  web few{{.per_host = 3}};
  const std::vector<std::string> urls(12, server.url("/"));
  const auto body = [client = few.client](std::string url) -> ta::task<int> {
    const auto got = co_await client.get(std::move(url));
    co_return got.status;
  };
  for (const auto& each : few.tasks.gather({.concurrency = 12}, body, urls))
    BOOST_TEST(each.value() == 200);
  BOOST_TEST(server.most_open_connections() == 3u);
}

BOOST_AUTO_TEST_CASE(a_host_is_asked_at_its_rate) {
  hostile_server server;
  server.on("/", hostile::answers(200, "x"));
  web slow{{.per_host_rate = ta::rate{.count = 20, .period = 1s}}};
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 5; ++i)
    slow.get(server.url("/"));
  BOOST_TEST((std::chrono::steady_clock::now() - begin >= 200ms));
}

BOOST_AUTO_TEST_CASE(a_body_is_streamed_to_a_file_a_channel_and_a_callable) {
  const temporary_directory folder;
  const auto path = (folder.path() + "/file.part");
  const auto to_file
      = [](ta::http::client by, std::string url, std::string file) -> ta::task<ta::http::response> {
    co_return co_await by.download(std::move(url), std::move(file));
  };
  const auto got = tasks.add_task({}, to_file, client, site().url("/1m"), path).value().get();
  BOOST_TEST(got.status == 200);
  BOOST_TEST(got.body.empty());
  BOOST_TEST(content(path) == web_site::text(std::size_t{1} << 20));
  const auto missing = tasks.add_task({}, to_file, client, site().url("/404"), path).value().get();
  BOOST_TEST(missing.status == 404);
  BOOST_TEST(!missing.body.empty());
  BOOST_TEST(content(path).size() == std::size_t{1} << 20); // untouched
  tasks.add_task({}, to_file, client, site().url("/empty"), path).value().get();
  BOOST_TEST(content(path).empty());
  const auto nowhere = tasks.add_task({}, to_file, client, site().url("/1k"), "/nowhere/x").value();
  BOOST_CHECK_EXCEPTION(nowhere.get(), ta::http::error, [](const auto& why) {
    return why.code() == errc::file && why.message().find("/nowhere/x") == 0;
  });
  const auto full = tasks.add_task({}, to_file, client, site().url("/1m"), "/dev/full").value();
  BOOST_CHECK_EXCEPTION(full.get(), ta::http::error,
                        [](const auto& why) { return why.code() == errc::file; });

  const ta::channel<std::string> pieces{2};
  const auto to_channel
      = [](ta::http::client by, std::string url, ta::channel<std::string> to) -> ta::task<int> {
    const auto answer = co_await by.download(std::move(url), to);
    to.close();
    co_return answer.status;
  };
  auto sent = tasks.add_task({}, to_channel, client, site().url("/1m"), pieces).value();
  std::string all;
  while (const auto piece = pieces.blocking_receive())
    all += *piece;
  BOOST_TEST(all == web_site::text(std::size_t{1} << 20));
  BOOST_TEST(sent.get() == 200);

  const auto to_call = [](ta::http::client by, std::string url) -> ta::task<std::string> {
    std::string collected;
    const auto sink = [&collected](std::string_view piece) -> ta::task<void> {
      collected += piece;
      co_await ta::yield();
    };
    co_await by.download(std::move(url), sink);
    co_return collected;
  };
  BOOST_TEST(run<std::string>(to_call, site().url("/1m")) == web_site::text(std::size_t{1} << 20));
  const auto throws = [](ta::http::client by, std::string url) -> ta::task<int> {
    const auto sink = [](std::string_view) { throw std::runtime_error{"no"}; };
    co_await by.download(std::move(url), sink);
    co_return 0;
  };
  BOOST_CHECK_THROW(run<int>(throws, site().url("/huge")), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_slow_reader_slows_the_server_down) {
  const auto slowly = [](ta::http::client by, std::string url) -> ta::task<std::size_t> {
    ta::http::request what;
    what.url = std::move(url);
    auto answer = co_await by.open(std::move(what));
    std::size_t most = 0;
    for (int i = 0; i < 64; ++i) {
      co_await ta::sleep_for(1ms);
      const auto piece = co_await answer.read();
      most = std::max(most, piece->size());
    }
    co_return most; // cut off here: of 10 GB
  };
  BOOST_TEST(run<std::size_t>(slowly, site().url("/huge")) <= std::size_t{512} << 10);
}

BOOST_AUTO_TEST_CASE(a_body_comes_from_a_file_and_a_channel) {
  const temporary_directory folder;
  const auto path = (folder.path() + "/source");
  const auto text = web_site::text(700'000);
  std::ofstream{path, std::ios::binary} << text;
  const auto from_file = [](ta::http::client by, std::string url, std::string file) -> ta::task<int> {
    ta::http::request what{.method = "PUT"};
    what.url = std::move(url);
    const auto answer = co_await by.upload(std::move(what), std::move(file));
    co_return answer.status;
  };
  BOOST_TEST(tasks.add_task({}, from_file, client, site().url("/put/a"), path).value().get() / 100 == 2);
  BOOST_TEST(site().uploaded("a") == text);
  BOOST_TEST(tasks.add_task({}, from_file, client, site().url("/put-little/a"), path).value().get() == 413);
  const auto missing = tasks.add_task({}, from_file, client, site().url("/put/b"), path + "x").value();
  BOOST_CHECK_EXCEPTION(missing.get(), ta::http::error,
                        [](const auto& why) { return why.code() == errc::file; });

  hostile_server server;
  server.on("/", hostile::echo());
  const auto from_channel = [](ta::http::client by, std::string url, ta::channel<std::string> from,
                               std::string length) -> ta::task<std::string> {
    ta::http::request what{.method = "POST"};
    what.url = std::move(url);
    if (!length.empty())
      what.headers = ta::http::header_list{{"Content-Length", length}};
    const auto answer = co_await by.upload(std::move(what), std::move(from));
    co_return answer.body;
  };
  for (const char* length : {"", "300000"}) {
    const ta::channel<std::string> pieces{1};
    auto answer
        = tasks.add_task({}, from_channel, client, server.url("/"), pieces, std::string{length}).value();
    for (int i = 0; i < 30; ++i)
      pieces.blocking_send(std::string(10'000, 'a'));
    pieces.close();
    const auto body = answer.get();
    BOOST_TEST(body.starts_with("POST /"));
    BOOST_TEST(body.ends_with(std::string(300'000, 'a')));
    BOOST_TEST((line(body, "Content-Length") == "none") == std::string{length}.empty());
  }
  const ta::channel<std::string> broken{1};
  auto answer = tasks.add_task({}, from_channel, client, server.url("/"), broken, std::string{}).value();
  broken.blocking_send("begin");
  broken.close(std::make_exception_ptr(std::runtime_error{"no more"}));
  BOOST_CHECK_THROW(answer.get(), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(what_a_request_cant_be_is_said_before_it_is_sent) {
  const auto refused = [&](ta::http::request what) {
    try {
      send(std::move(what));
    } catch (const ta::error& why) {
      return why.code() == ta::errc::invalid_argument && !why.message().empty();
    }
    return false;
  };
  const auto url = site().url("/1k");
  for (const char* method : {"", "GET /", "G\nT", "CONNECT"})
    BOOST_TEST(refused({.method = method, .url = url}), method);
  BOOST_TEST(refused({.url = url, .headers = {{"X", "a\r\nY: b"}}}));
  BOOST_TEST(refused({.url = url, .headers = {{"X:", "a"}}}));
  BOOST_TEST(refused({.url = url, .headers = {{"", "a"}}}));
  BOOST_TEST(refused({.url = url, .headers = {{"Content-Length", "3"}}, .body = "abc"}));
  BOOST_TEST(refused({.method = "HEAD", .url = url, .body = "abc"}));
  BOOST_TEST(refused({.url = url, .timeout = 0s}));
  BOOST_TEST(refused({.url = url, .retry = ta::retry{.max_attempts = 0}}));
  const auto makes = [&](ta::http::client_options options) {
    const ta::http::client made{tasks, std::move(options)};
  };
  BOOST_CHECK_THROW(makes({.per_host = 0}), ta::error);
  BOOST_CHECK_THROW(makes({.per_host_rate = ta::rate{.count = 0}}), ta::error);
  BOOST_CHECK_THROW(makes({.connect_timeout = 0s}), ta::error);
  BOOST_CHECK_THROW(makes({.timeout = -1s}), ta::error);
  BOOST_CHECK_THROW(makes({.headers = {{"a b", "c"}}}), ta::error);
}

BOOST_AUTO_TEST_SUITE_END()
