// Links between nodes by TLS: who is believed, who isn't, and what each side is told of why.
#include "ends.hpp"
#include "identities.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <system_error>

#include <unistd.h>

using namespace std::chrono_literals;
using namespace test;
using ta::link_address;
using ta::link_end;
using ta::link_identity;
using ta::make_frame;

namespace node_links_tls {

struct tls_ends : identities {
  ta::node_links links;
  std::shared_ptr<door> inside = std::make_shared<door>();
  std::shared_ptr<end> caller = std::make_shared<end>();
  ta::link_bounds bounds{.handshake_timeout = 1min, .closing_timeout = 1min}; // a busy machine is in time
  std::shared_ptr<ta::node_listening> listening;

  void listen(const link_identity& as, const std::string& at = "127.0.0.1:0") {
    listening = links.listen(link_address::parse(at), as, bounds, inside);
  }
  std::shared_ptr<ta::node_link> call(const link_identity& as, const std::string& expected,
                                      const std::shared_ptr<end>& by) {
    return links.connect(listening->address(), as, expected, bounds, by);
  }
  std::shared_ptr<ta::node_link> call(const link_identity& as, const std::string& expected) {
    return call(as, expected, caller);
  }
  /// What the two sides say of a call that comes to nothing.
  void fails(const link_identity& as, const std::string& expected, link_end here, const std::string& words,
             link_end there, const std::string& words_there) {
    call(as, expected);
    const auto why = caller->closed();
    BOOST_TEST(to_string(why.what) == to_string(here));
    BOOST_TEST(why.text.starts_with(words), why.text); // the rest is OpenSSL's

    const auto refused = inside->refused(1).front();
    BOOST_TEST(to_string(refused.second.what) == to_string(there));
    BOOST_TEST(refused.second.text.starts_with(words_there), refused.second.text);
    BOOST_TEST(!caller->opened());
    BOOST_TEST(listening->refused()[there] == 1U);
    BOOST_TEST(listening->refused().total() == 1U);
  }
};

} // namespace node_links_tls

BOOST_FIXTURE_TEST_SUITE(node_links_tls, tls_ends)

BOOST_AUTO_TEST_CASE(both_sides_know_each_other_s_name_and_frames_go_both_ways) {
  for (const auto& at : {std::string{"127.0.0.1:0"}, std::string{":0"}, "unix:" + (folder / "a")}) {
    inside = std::make_shared<door>();
    caller = std::make_shared<end>();
    listen(alpha(), at);
    const auto link = call(beta(), "alpha");
    BOOST_REQUIRE(caller->opened());
    BOOST_TEST(caller->peer().name == "alpha");
    BOOST_TEST(inside->entered()->peer().name == "beta");
    link->send(make_frame("hello"));
    link->send(make_frame(std::string(3'000'000, 'x')));
    BOOST_TEST(caller->frames(2).at(1).size() == 3'000'005U);
    link->close();
    BOOST_CHECK(inside->entered()->closed().what == link_end::ended);
    BOOST_TEST(inside->entered()->closed().text == "the other side has ended it");
    BOOST_CHECK(caller->closed().what == link_end::cut);
  }
}

BOOST_AUTO_TEST_CASE(an_address_is_a_name_to_expect_where_no_other_is_given) {
  taskactor::make_certificate(ours, {"gamma", "127.0.0.1"});
  listen(of(ours, "gamma"));
  call(beta(), {});
  BOOST_TEST(caller->opened());
  listen(alpha());
  caller = std::make_shared<end>();
  call(beta(), {});
  BOOST_TEST(caller->closed().text == "the other side's certificate (for \"alpha\") isn't for \"127.0.0.1\"");
}

BOOST_AUTO_TEST_CASE(a_wrong_name_is_told_as_such) {
  listen(alpha());
  fails(beta(), "gamma", link_end::wrong_name,
        "the other side's certificate (for \"alpha\") isn't for \"gamma\"", link_end::refused,
        "the other side refuses: this side's certificate is for another name, or broken");
}

BOOST_AUTO_TEST_CASE(who_has_no_name_is_refused_for_it_could_call_itself_anything) {
  listen(alpha());
  make_nameless("beta");
  call(beta(), "alpha");
  const auto refused = inside->refused(1).front();
  BOOST_TEST(to_string(refused.second.what) == to_string(link_end::wrong_name));
  BOOST_TEST(refused.second.text
             == "the other side's certificate has no DNS name, and no common name without spaces");
  caller->closed();
  BOOST_TEST(!caller->opened());
}

BOOST_AUTO_TEST_CASE(a_caller_of_another_authority_is_refused_and_told_why) {
  listen(alpha());
  fails(stranger(), "alpha", link_end::refused,
        "the other side refuses: this side's certificate isn't of the authority that it believes",
        link_end::other_authority,
        "the other side's certificate (for \"alpha\") isn't of the authority that this side believes");
}

BOOST_AUTO_TEST_CASE(a_listening_side_of_another_authority_is_refused_and_told_why) {
  listen(of(theirs, "alpha"));
  fails(beta(), "alpha", link_end::other_authority,
        "the other side's certificate (for \"alpha\") isn't of the authority that this side believes",
        link_end::refused,
        "the other side refuses: this side's certificate isn't of the authority that it believes");
}

BOOST_AUTO_TEST_CASE(a_caller_without_tls_hears_that_the_listening_side_wants_it) {
  listen(alpha());
  fails({}, {}, link_end::refused,
        "the other side refuses: it speaks TLS: an authority, a certificate and a key are needed",
        link_end::not_tls, "the other side speaks no TLS");
}

BOOST_AUTO_TEST_CASE(a_caller_with_tls_hears_that_the_listening_side_has_none) {
  listen({});
  fails(beta(), "alpha", link_end::refused,
        "the other side refuses: it speaks no TLS, or none of version 1.3", link_end::not_a_link,
        "the other side speaks TLS, and this one has no identity to");
}

BOOST_AUTO_TEST_CASE(an_expired_certificate_is_told_by_who_has_it_before_it_calls) {
  shift("beta", -1);
  listen(alpha());
  call(beta(), "alpha");
  BOOST_CHECK(caller->closed().what == link_end::no_identity);
  BOOST_TEST(caller->closed().text
             == "the certificate \"" + beta().certificate.string() + "\": it has expired");
  shift("beta", 3);
  const auto second = std::make_shared<end>();
  call(beta(), "alpha", second);
  BOOST_TEST(second->closed().text
             == "the certificate \"" + beta().certificate.string() + "\": it isn't valid yet");
  BOOST_CHECK_THROW(listen(beta()), std::system_error);
}

BOOST_AUTO_TEST_CASE(files_that_are_missing_unreadable_or_not_what_they_should_be_are_named) {
  listen(alpha());
  const auto fails_by = [&](const link_identity& as, const std::string& words) {
    const auto by = std::make_shared<end>();
    call(as, "alpha", by);
    BOOST_CHECK(by->closed().what == link_end::no_identity);
    BOOST_TEST(by->closed().text.find(words) != std::string::npos, by->closed().text);
    BOOST_CHECK_THROW(links.listen(link_address::parse("127.0.0.1:0"), as, bounds, inside),
                      std::system_error);
  };
  auto as = beta();
  as.key = "/nowhere";
  fails_by(as, "the key \"/nowhere\": No such file or directory");
  as.key.clear();
  fails_by(as, "the key \"\": no file is given: an authority, a certificate and a key are needed together");
  as.key = alpha().key;
  fails_by(as, "not of the certificate: key values mismatch");
  as.key = as.certificate.parent_path() / "no-key.pem";
  std::filesystem::copy_file(as.certificate, as.key);
  fails_by(as, "others can read or change it");
  std::filesystem::permissions(as.key, std::filesystem::perms{0600});
  fails_by(as, "it is no private key in PEM");
  as = beta();
  as.certificate = as.key;
  fails_by(as, "the certificate \"" + as.key.string() + "\": it is no certificate in PEM");
  as = beta();
  as.authority = as.key;
  fails_by(as, "the authority \"" + as.key.string() + "\": it is no certificate in PEM");
  if (::geteuid() != 0) { // who may read all
    std::filesystem::permissions(beta().key, std::filesystem::perms::none);
    fails_by(beta(), "Permission denied");
  }
}

BOOST_AUTO_TEST_CASE(replaced_files_hold_for_the_next_connection_and_broken_ones_refuse_it) {
  listen(alpha());
  call(beta(), "alpha");
  const auto first = caller->opened();
  BOOST_REQUIRE(first);
  taskactor::make_certificate(ours, {"gamma"});
  std::filesystem::rename(ours / "gamma.pem", ours / "alpha.pem");
  auto by = std::make_shared<end>();
  call(beta(), "gamma", by); // the key is still the old one
  BOOST_TEST(!by->opened());
  BOOST_CHECK(inside->refused(1).front().second.what == link_end::no_identity);
  std::filesystem::rename(ours / "gamma.key", ours / "alpha.key");
  by = std::make_shared<end>();
  call(beta(), "gamma", by);
  BOOST_TEST(by->opened());
  BOOST_TEST(by->peer().name == "gamma");
  first->send(make_frame(1)); // undisturbed
  BOOST_TEST(caller->frames(1).size() == 1U);
}

BOOST_AUTO_TEST_CASE(who_is_believed_may_still_not_be_wanted) {
  inside->wanted = [](const ta::link_peer& who) { return who.name == "beta"; };
  listen(alpha());
  call(alpha(), "alpha");
  BOOST_TEST(caller->closed().text == "the other side refuses: it may not come in");
  BOOST_TEST(inside->refused(1).front().first.name == "alpha");
  const auto second = std::make_shared<end>();
  call(beta(), "alpha", second);
  BOOST_TEST(second->opened());
}

BOOST_AUTO_TEST_SUITE_END()
