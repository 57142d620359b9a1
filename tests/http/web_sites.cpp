// The server that behaves does what tests of the client rely on.
#include "servers/easy_client.hpp"
#include "servers/raw_connection.hpp"
#include "servers/web_site.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace web_sites {

using test::web_site;

struct asked_site {
  web_site site;
  test::easy_client client;

  /// Believes the site's authority.
  test::easy_answer ask_safely(web_site::port at) {
    client.set(CURLOPT_CAINFO, site.authority().c_str());
    return client.ask(site.url("/1k", at));
  }
};

/// True: the process is gone within 20 s.
bool ends(pid_t process) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  if (fd < 0)
    return errno == ESRCH;
  pollfd ended{fd, POLLIN, 0};
  const bool in_time = ::poll(&ended, 1, 20'000) == 1;
  ::close(fd);
  return in_time;
}

} // namespace web_sites

BOOST_FIXTURE_TEST_SUITE(web_sites, web_sites::asked_site)
using namespace web_sites;

BOOST_AUTO_TEST_CASE(bodies_come_whole_over_a_connection_that_is_kept) {
  const auto first = client.ask(site.url("/1k"));
  BOOST_TEST(first.code == CURLE_OK);
  BOOST_TEST(first.status == 200);
  BOOST_TEST(first.body == web_site::text(1024));
  const auto second = client.ask(site.url("/1m"));
  BOOST_TEST(second.body.size() == std::size_t{1} << 20);
  const auto last = client.ask(site.url("/once"));
  const auto connection = first.headers.at("x-connection");
  BOOST_TEST(connection.ends_with(" 1"));
  BOOST_TEST(second.headers.at("x-connection") == connection.substr(0, connection.size() - 1) + '2');
  BOOST_TEST(last.headers.at("x-connection") == connection.substr(0, connection.size() - 1) + '3');
  BOOST_TEST(client.ask(site.url("/empty")).headers.at("x-connection").ends_with(" 1"));
}

BOOST_AUTO_TEST_CASE(what_is_slow_takes_longer_than_one_waits) {
  client.set(CURLOPT_TIMEOUT_MS, 300L);
  const auto answer = client.ask(site.url("/slow"));
  BOOST_TEST(answer.code == CURLE_OPERATION_TIMEDOUT);
  BOOST_TEST(answer.body.size() < std::size_t{8} << 10);
}

BOOST_AUTO_TEST_CASE(what_is_huge_says_so) {
  client.set(CURLOPT_NOBODY, 1L);
  BOOST_TEST(client.ask(site.url("/huge")).headers.at("content-length") == "10000000000");
}

BOOST_AUTO_TEST_CASE(refusals_say_when_to_come_again) {
  for (const int status : {429, 500, 502, 503}) {
    const auto date = web_site::http_date(30);
    for (const auto& after : {std::string{"2"}, date}) {
      const auto answer = client.ask(site.retry_after(status, after));
      BOOST_TEST(answer.status == status);
      BOOST_TEST(answer.headers.at("retry-after") == after);
    }
    BOOST_TEST(client.ask(site.url('/' + std::to_string(status))).headers.count("retry-after") == 0U);
  }
}

BOOST_AUTO_TEST_CASE(redirects_lead_anywhere) {
  const auto other = site.url("/echo?a=b", web_site::port::other_plain, "localhost");
  for (const int status : {301, 302, 303, 307, 308})
    for (const std::string& to : {other, std::string{"file:///etc/passwd"}}) {
      const auto answer = client.ask(site.redirect(status, to));
      BOOST_TEST(answer.status == status);
      BOOST_TEST(answer.headers.at("location") == to);
    }
  client.set(CURLOPT_FOLLOWLOCATION, 1L);
  client.set(CURLOPT_MAXREDIRS, 5L);
  client.set(CURLOPT_USERPWD, "ann:secret");
  const auto there = client.ask(site.redirect(302, other));
  BOOST_TEST(there.body.find("Target: /echo?a=b\n") != std::string::npos);
  BOOST_TEST(there.body.find("Authorization: \n") != std::string::npos); // curl tells it no other host
  const auto here = client.ask(site.redirect(302, site.url("/echo")));
  BOOST_TEST(here.body.find("Authorization: Basic ") != std::string::npos);
  BOOST_TEST(client.ask(site.url("/loop")).code == CURLE_TOO_MANY_REDIRECTS);
}

BOOST_AUTO_TEST_CASE(what_is_compressed_is_the_same) {
  client.set(CURLOPT_ACCEPT_ENCODING, "gzip");
  const auto answer = client.ask(site.url("/gzip/text"));
  BOOST_TEST(answer.headers.at("content-encoding") == "gzip");
  BOOST_TEST(answer.body == web_site::text(64 << 10));
}

BOOST_AUTO_TEST_CASE(who_may_come_in_is_asked_for_a_password) {
  BOOST_TEST(client.ask(site.url("/private")).status == 401);
  client.set(CURLOPT_USERPWD, "ann:secret");
  const auto answer = client.ask(site.url("/private"));
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.body.find("Authorization: Basic YW5uOnNlY3JldA==\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_put_is_kept) {
  const auto text = web_site::text(100'000);
  BOOST_TEST(client.put(site.url("/put/a"), text).status == 201);
  BOOST_TEST(site.uploaded("a") == text);
  BOOST_TEST(client.ask(site.url("/put/a")).body == text);
  BOOST_TEST(client.put(site.url("/put-little/b"), text).status == 413);
  BOOST_TEST(client.put(site.url("/put-little/b"), "little").status == 201);
}

BOOST_AUTO_TEST_CASE(tls_is_believed_by_who_believes_its_authority) {
  const auto good = ask_safely(web_site::port::tls);
  BOOST_TEST(good.code == CURLE_OK);
  BOOST_TEST(good.version == CURL_HTTP_VERSION_2_0);
  BOOST_TEST(good.body == web_site::text(1024));
  const auto older = ask_safely(web_site::port::tls_1);
  BOOST_TEST(older.code == CURLE_OK);
  BOOST_TEST(older.version == CURL_HTTP_VERSION_1_1);
  client.renew();
  BOOST_TEST(client.ask(site.url("/1k", web_site::port::tls_1)).code == CURLE_PEER_FAILED_VERIFICATION);
}

BOOST_AUTO_TEST_CASE(tls_that_is_not_to_be_believed_has_one_fault_each) {
  const auto is_refused_for = [&](web_site::port at, std::string_view why) {
    std::array<char, CURL_ERROR_SIZE> words{};
    client.set(CURLOPT_ERRORBUFFER, words.data());
    BOOST_TEST(ask_safely(at).code == CURLE_PEER_FAILED_VERIFICATION);
    client.set(CURLOPT_ERRORBUFFER, nullptr);
    BOOST_TEST(std::string_view{words.data()}.find(why) != std::string_view::npos, words.data());
  };
  is_refused_for(web_site::port::wrong_name, "no alternative certificate subject name matches");
  is_refused_for(web_site::port::expired, "certificate has expired");
  is_refused_for(web_site::port::self_signed, "self-signed certificate");
}

BOOST_AUTO_TEST_CASE(connections_are_counted) {
  BOOST_TEST(site.open_connections() == 0U);
  test::raw_connection one{site.server().port(0)};
  test::raw_connection other{site.server().port(1)};
  for (auto* each : {&one, &other}) { // accepted by now
    each->send("HEAD /1k HTTP/1.1\r\nHost: a\r\n\r\n");
    BOOST_TEST(!each->receive(1).empty());
  }
  BOOST_TEST(site.open_connections() == 2U);
}

BOOST_AUTO_TEST_CASE(it_is_an_ordinary_user) {
  std::ifstream status{"/proc/" + std::to_string(site.server().pid()) + "/status"};
  for (std::string word; status >> word;)
    if (word == "Uid:") {
      long user = 0;
      status >> user;
      BOOST_TEST(user != 0);
      return;
    }
  BOOST_ERROR("it has no user");
}

BOOST_AUTO_TEST_CASE(what_has_been_killed_refuses) {
  site.server().kill();
  BOOST_TEST(client.ask(site.url("/1k")).code == CURLE_COULDNT_CONNECT);
}

BOOST_AUTO_TEST_CASE(it_ends_with_a_test_that_is_killed) {
  std::array<int, 2> ends_of_pipe{};
  BOOST_REQUIRE(::pipe(ends_of_pipe.data()) == 0);
  const auto child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    const test::nginx_process server{1, [](const auto&, const auto& ports) {
                                       return "server { listen 127.0.0.1:" + std::to_string(ports[0])
                                              + " reuseport; }";
                                     }};
    const std::string told = std::to_string(server.pid()) + ' ' + server.folder().string();
    [[maybe_unused]] const auto written = ::write(ends_of_pipe[1], told.data(), told.size());
    for (;;)
      ::pause();
  }
  std::array<char, 256> told{};
  BOOST_REQUIRE(::read(ends_of_pipe[0], told.data(), told.size() - 1) > 0);
  const std::string words = told.data();
  const auto server = static_cast<pid_t>(std::stol(words));
  BOOST_TEST(::kill(server, 0) == 0);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  BOOST_TEST(ends(server));
  std::filesystem::remove_all(words.substr(words.find(' ') + 1)); // nobody else does
  for (const int fd : ends_of_pipe)
    ::close(fd);
}

BOOST_AUTO_TEST_CASE(a_configuration_that_is_none_is_told_in_words) {
  const auto start = [] { test::nginx_process{1, [](const auto&, const auto&) { return "nonsense on;"; }}; };
  BOOST_CHECK_EXCEPTION(start(), std::runtime_error, [](const std::runtime_error& why) {
    return std::string_view{why.what()}.find("unknown directive \"nonsense\"") != std::string_view::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
