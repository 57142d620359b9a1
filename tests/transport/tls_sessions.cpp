// TLS sessions, one against another in memory: what a certificate has to be, and what is said of one that
// isn't.
#include "identities.hpp"

#include "transport/tls/tls_credentials.hpp"
#include "transport/tls/tls_session.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using test::identities;

namespace tls_sessions {

using namespace taskactor::detail;

struct pair : identities {
  using context = std::shared_ptr<SSL_CTX>;

  /// Until neither has anything to say.
  void talk(tls_session& calling, tls_session& listening) {
    calling.begin();
    for (int round = 0; round < 10; ++round) {
      listening.take(calling.take_output(), heard_by_listening);
      calling.take(listening.take_output(), heard_by_calling);
    }
  }
  void fails(const context& calling, const context& listening, link_end here, const std::string& words,
             link_end there, const std::string& words_there) {
    tls_session one{calling, link_role::calling, "alpha"}, other{listening, link_role::listening, ""};
    talk(one, other);
    BOOST_REQUIRE(one.fault() && other.fault());
    BOOST_TEST(to_string(one.fault()->what) == to_string(here));
    BOOST_TEST(one.fault()->text.starts_with(words), one.fault()->text);
    BOOST_TEST(to_string(other.fault()->what) == to_string(there));
    BOOST_TEST(other.fault()->text.starts_with(words_there), other.fault()->text);
    BOOST_TEST(ERR_peek_error() == 0U);
  }
  std::string heard_by_calling, heard_by_listening;
};

} // namespace tls_sessions

BOOST_FIXTURE_TEST_SUITE(tls_sessions, pair)

BOOST_AUTO_TEST_CASE(what_one_says_the_other_hears_and_a_goodbye_ends_it) {
  tls_credentials alphas{alpha()}, betas{beta()};
  tls_session one{betas.context(), link_role::calling, "alpha"},
      other{alphas.context(), link_role::listening, ""};
  talk(one, other);
  BOOST_REQUIRE(one.established() && other.established());
  BOOST_TEST(one.peer_name() == "alpha");
  BOOST_TEST(other.peer_name() == "beta");
  const std::string large(200'000, 'x');
  one.send("hello");
  one.send(large);
  other.send(large);
  talk(one, other);
  BOOST_TEST((heard_by_listening == "hello" + large));
  BOOST_TEST((heard_by_calling == large));
  one.finish();
  talk(one, other);
  BOOST_TEST(other.ended());
  BOOST_TEST(!other.fault());
}

BOOST_AUTO_TEST_CASE(an_expired_certificate_is_refused_by_either_side_and_each_is_told) {
  shift("beta", -1);
  tls_credentials alphas{alpha()};
  fails(context_of(beta()), alphas.context(), link_end::refused,
        "the other side refuses: this side's certificate has expired", link_end::expired,
        "the other side's certificate (for \"beta\") has expired");
  taskactor::make_certificate(ours, {"gamma"});
  shift("alpha", -1);
  tls_credentials gammas{of(ours, "gamma")};
  fails(gammas.context(), context_of(alpha()), link_end::expired,
        "the other side's certificate (for \"alpha\") has expired", link_end::refused,
        "the other side refuses: this side's certificate has expired");
}

BOOST_AUTO_TEST_CASE(who_shows_no_certificate_is_refused) {
  tls_credentials alphas{alpha()};
  fails(context_of({.authority = alpha().authority}), alphas.context(), link_end::refused,
        "the other side refuses: it wants a certificate", link_end::no_certificate,
        "the other side has shown no certificate");
}

BOOST_AUTO_TEST_CASE(an_older_tls_is_not_agreed_on) {
  tls_credentials alphas{alpha()};
  const auto old = context_of(beta());
  SSL_CTX_set_max_proto_version(old.get(), TLS1_2_VERSION);
  fails(old, alphas.context(), link_end::refused,
        "the other side refuses: it speaks no TLS, or none of version 1.3", link_end::not_tls,
        "what came is no TLS 1.3 that can be understood: ");
}

BOOST_AUTO_TEST_CASE(spoilt_bytes_are_found_before_anything_of_them_is_heard) {
  tls_credentials alphas{alpha()}, betas{beta()};
  tls_session one{betas.context(), link_role::calling, "alpha"},
      other{alphas.context(), link_role::listening, ""};
  talk(one, other);
  one.send("secret");
  auto bytes = one.take_output();
  bytes.back() ^= 1;
  other.take(bytes, heard_by_listening);
  BOOST_TEST(heard_by_listening.empty());
  BOOST_REQUIRE(other.fault());
  BOOST_CHECK(other.fault()->what == link_end::not_tls);
}

BOOST_AUTO_TEST_CASE(the_fault_of_one_session_is_none_of_another_s) {
  tls_credentials alphas{alpha()}, betas{beta()};
  tls_session one{betas.context(), link_role::calling, "alpha"},
      other{alphas.context(), link_role::listening, ""}, broken{alphas.context(), link_role::listening, ""};
  talk(one, other);
  broken.take("garbage that is no TLS", heard_by_listening);
  BOOST_TEST(broken.fault().has_value());
  ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH); // of somebody else on this thread
  one.send("hello");
  talk(one, other);
  BOOST_TEST(heard_by_listening == "hello");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_name_is_no_name_to_expect) {
  tls_credentials alphas{alpha()};
  BOOST_CHECK_THROW((tls_session{alphas.context(), link_role::calling, std::string(300, 'x')}), link_failure);
}

BOOST_AUTO_TEST_SUITE_END()
