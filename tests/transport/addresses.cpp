// Addresses of links: what is meant by a text, and what can't be.
#include "transport/link_address.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <system_error>

using taskactor::detail::link_address;

BOOST_AUTO_TEST_SUITE(addresses)

BOOST_AUTO_TEST_CASE(an_address_is_read_and_written_back) {
  const auto same = [](const char* text) { return link_address::parse(text).text() == text; };
  BOOST_TEST(same("unix:/run/a.socket"));
  BOOST_TEST(same("127.0.0.1:4000"));
  BOOST_TEST(same("[::1]:4000"));
  BOOST_TEST(same("node-7.example:0"));
  BOOST_TEST(same(":65535"));
  BOOST_TEST(link_address::parse("[fe80::1%eth0]").host == "fe80::1%eth0");
  BOOST_TEST(link_address::parse("host").port == link_address::default_port);
  BOOST_TEST(link_address::parse("[::1]").port == link_address::default_port);
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_refused_by_what_is_wrong_with_it) {
  const auto refused = [](const std::string& text, const std::string& why) {
    try {
      link_address::parse(text);
    } catch (const std::system_error& error) {
      return std::string{error.what()}.find(why) != std::string::npos;
    }
    return false;
  };
  BOOST_TEST(refused("", "it is empty"));
  BOOST_TEST(refused("unix:", "a path has to follow"));
  BOOST_TEST(refused("unix:/" + std::string(200, 'x'), "at most 107 bytes"));
  BOOST_TEST(refused("a:", "its port has to be a number"));
  BOOST_TEST(refused("a:65536", "its port has to be a number"));
  BOOST_TEST(refused("a:-1", "its port has to be a number"));
  BOOST_TEST(refused("a:1x", "its port has to be a number"));
  BOOST_TEST(refused("::1", "stands in brackets"));
  BOOST_TEST(refused("[::1", "closing bracket"));
  BOOST_TEST(refused("[host]:1", "has to be an IPv6 address"));
  BOOST_TEST(refused("[::1]1", "a colon and a port"));
  BOOST_TEST(refused("a b:1", "a host's name"));
  BOOST_TEST(refused("tcp//a:1", "a host's name"));
}

BOOST_AUTO_TEST_CASE(local_is_what_no_other_machine_can_reach) {
  for (const char* each : {"unix:/a", "127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "localhost:1"})
    BOOST_TEST(link_address::parse(each).is_local(), each);
  for (const char* each :
       {":1", "0.0.0.0:1", "[::]:1", "10.0.0.1:1", "host:1", "127.0.0.1.example:1", "128.0.0.1:1"})
    BOOST_TEST(!link_address::parse(each).is_local(), each);
}

BOOST_AUTO_TEST_SUITE_END()
