// An authority of one's own: what it makes is private, is what it says, and never overwrites anything
// unasked.
#include "transport/tls/openssl.hpp"
#include "transport/tls/tls_fault.hpp"

#include <taskactor/node/certificates.hpp>

#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <openssl/pem.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <system_error>

#include <sys/stat.h>

namespace certificates {

using namespace taskactor;
using namespace taskactor::detail;

certificate_ptr read(const std::filesystem::path& file) {
  const bio_ptr from{BIO_new_file(file.c_str(), "r")};
  return certificate_ptr{PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr)};
}

unsigned mode_of(const std::filesystem::path& file) {
  struct stat about {};
  return ::stat(file.c_str(), &about) == 0 ? about.st_mode & 0777U : 0;
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream from{file};
  return {std::istreambuf_iterator<char>{from}, {}};
}

bool refused(const std::string& why, const std::function<void()>& what) {
  try {
    what();
  } catch (const std::system_error& error) {
    BOOST_TEST_MESSAGE(error.what());
    return std::string{error.what()}.find(why) != std::string::npos;
  }
  return false;
}

} // namespace certificates

BOOST_AUTO_TEST_SUITE(certificates)

BOOST_AUTO_TEST_CASE(a_certificate_is_for_its_names_by_its_authority_and_for_both_ends) {
  const test::temporary_directory folder;
  const std::filesystem::path directory{folder / "new"};
  BOOST_TEST(!has_authority(directory));
  const auto authority = make_authority(directory);
  BOOST_TEST(has_authority(directory));
  const auto alpha = make_certificate(directory, {"alpha", "alpha.example", "10.0.0.7", "::1"},
                                      {.valid = std::chrono::days{30}});
  BOOST_TEST(alpha.certificate == directory / "alpha.pem");
  BOOST_TEST(mode_of(authority.key) == 0600U);
  BOOST_TEST(mode_of(alpha.key) == 0600U);
  BOOST_TEST(mode_of(alpha.certificate) == 0644U);

  const auto made = read(alpha.certificate), by = read(authority.certificate);
  auto* const it = made.get();
  BOOST_TEST(names_of(*it).size() == 2U);
  BOOST_TEST(names_of(*it).front() == "alpha");
  BOOST_TEST(X509_verify(it, X509_get0_pubkey(by.get())) == 1);
  BOOST_TEST(X509_check_host(it, "alpha.example", 0, 0, nullptr) == 1);
  BOOST_TEST(X509_check_host(it, "beta", 0, 0, nullptr) == 0);
  BOOST_TEST(X509_check_ip_asc(it, "10.0.0.7", 0) == 1);
  BOOST_TEST(X509_check_ip_asc(it, "::1", 0) == 1);
  BOOST_TEST(X509_check_purpose(it, X509_PURPOSE_SSL_SERVER, 0) == 1);
  BOOST_TEST(X509_check_purpose(it, X509_PURPOSE_SSL_CLIENT, 0) == 1);
  BOOST_TEST(X509_check_ca(it) == 0);
  BOOST_TEST(X509_check_ca(by.get()) == 1);
  int days = 0, seconds = 0;
  ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(it));
  BOOST_TEST((days == 29 || days == 30));
  BOOST_TEST(ASN1_INTEGER_cmp(X509_get0_serialNumber(it), X509_get0_serialNumber(by.get())) != 0);
}

BOOST_AUTO_TEST_CASE(no_file_is_overwritten_unless_asked) {
  const test::temporary_directory folder;
  const std::filesystem::path directory{folder.path()};
  make_authority(directory);
  const auto files = make_certificate(directory, {"alpha"});
  const auto before = content_of(files.key);
  BOOST_TEST(refused("File exists", [&] { make_authority(directory); }));
  BOOST_TEST(refused("File exists", [&] { make_certificate(directory, {"alpha"}); }));
  std::filesystem::remove(files.certificate); // half of it is there
  BOOST_TEST(refused("alpha.key", [&] { make_certificate(directory, {"alpha"}); }));
  BOOST_TEST(content_of(files.key) == before);
  make_certificate(directory, {"alpha"}, {.overwrite = true});
  BOOST_TEST(content_of(files.key) != before);
  BOOST_TEST(mode_of(files.key) == 0600U);
  for (const auto& each : std::filesystem::directory_iterator{directory}) // nothing half is left
    BOOST_TEST((each.path().extension() == ".pem" || each.path().extension() == ".key"), each.path());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_made_is_refused_by_its_name) {
  const test::temporary_directory folder;
  const std::filesystem::path directory{folder.path()};
  BOOST_TEST(refused("authority.pem", [&] { make_certificate(directory, {"alpha"}); }));
  const auto authority = make_authority(directory);
  for (const char* name : {"", "../x", "a/b", "a,DNS:b", "a b", ".a", "a.", "a..b", "-a", "a\nb", "*"})
    BOOST_TEST(refused("can't be for", [&] { make_certificate(directory, {name}); }), name);
  BOOST_TEST(refused("can't be for", [&] { make_certificate(directory, {"alpha", "b b"}); }));
  BOOST_TEST(refused("without a name", [&] { make_certificate(directory, {}); }));
  BOOST_TEST(refused("the authority's files",
                     [&] { make_certificate(directory, {"authority"}, {.overwrite = true}); }));
  BOOST_TEST(
      refused("1 to 36500", [&] { make_certificate(directory, {"a"}, {.valid = std::chrono::days{0}}); }));
  std::ofstream{authority.key} << "no key";
  BOOST_TEST(refused("no private key", [&] { make_certificate(directory, {"alpha"}); }));
  make_authority(directory, {.overwrite = true});
  const auto key = content_of(authority.key);
  make_authority(directory, {.overwrite = true});
  std::ofstream{authority.key} << key;
  BOOST_TEST(refused("isn't the key of", [&] { make_certificate(directory, {"alpha"}); }));
}

BOOST_AUTO_TEST_SUITE_END()
