#include <taskactor/node/certificates.hpp>

#include "base/invalid.hpp"
#include "transport/tls/openssl.hpp"
#include "transport/tls/private_file.hpp"

#include <taskactor/error.hpp>

#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <arpa/inet.h>
#include <sys/types.h>

namespace taskactor {

namespace {

using namespace detail;
namespace fs = std::filesystem;

constexpr mode_t private_mode = 0600, public_mode = 0644;
constexpr const char* authority_name = "authority";

/// What OpenSSL doesn't do for want of memory or entropy.
void must(bool done, const char* what) {
  if (!done)
    throw std::runtime_error{std::string{what} + ": " + openssl_words()};
}

bool is_ip(const std::string& name) {
  in6_addr unused{};
  return ::inet_pton(AF_INET, name.c_str(), &unused) == 1
         || ::inet_pton(AF_INET6, name.c_str(), &unused) == 1;
}

/// A DNS name, or an IP address: nothing that OpenSSL's syntax or a file system could take for more.
void check_name(const std::string& name) {
  constexpr std::size_t longest = 63; // of a common name it is 64, of a DNS label 63
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  if (is_ip(name))
    return;
  if (name.empty() || name.size() > longest || name.front() == '.' || name.front() == '-'
      || name.back() == '.' || name.find("..") != std::string::npos
      || !std::all_of(name.begin(), name.end(), allowed))
    detail::throw_invalid("a certificate can't be for \"" + name
                          + "\": a DNS name has letters, digits, hyphens and dots, and 63 of them at most");
}

void check(const certificate_options& options) {
  constexpr std::chrono::days longest{36500};
  if (options.valid.count() < 1 || options.valid > longest)
    detail::throw_invalid("certificate_options::valid: from 1 to 36500 days");
}

key_ptr make_key() {
  key_ptr made{EVP_EC_gen("P-256")};
  must(made != nullptr, "a key can't be made");
  return made;
}

void add(X509& to, X509& by, int kind, const std::string& value) {
  X509V3_CTX about{};
  X509V3_set_ctx(&about, &by, &to, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, openssl_deleter<X509_EXTENSION_free>> made{
      X509V3_EXT_conf_nid(nullptr, &about, kind, value.c_str())};
  must(made && X509_add_ext(&to, made.get(), -1) == 1, "a certificate can't be made");
}

/// Without its extensions and its signature.
certificate_ptr make_bare(const std::string& name, EVP_PKEY& key, const certificate_options& options) {
  certificate_ptr made{X509_new()};
  auto* const it = made.get();
  std::array<unsigned char, 16> serial{};
  bool done
      = it && X509_set_version(it, X509_VERSION_3) == 1 && RAND_bytes(serial.data(), serial.size()) == 1;
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7FU) | 0x40U); // positive, and of full length
  const std::unique_ptr<BIGNUM, openssl_deleter<BN_free>> number{
      BN_bin2bn(serial.data(), serial.size(), nullptr)};
  constexpr long clocks_differ = 60L * 60;
  done = done && number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(it))
         && X509_gmtime_adj(X509_getm_notBefore(it), -clocks_differ)
         && X509_time_adj_ex(X509_getm_notAfter(it), static_cast<int>(options.valid.count()), 0, nullptr)
         && X509_set_pubkey(it, &key) == 1
         && X509_NAME_add_entry_by_txt(X509_get_subject_name(it), "CN", MBSTRING_UTF8,
                                       reinterpret_cast<const unsigned char*>(name.data()),
                                       static_cast<int>(name.size()), -1, 0)
                == 1;
  must(done, "a certificate can't be made");
  return made;
}

template <class F>
std::string pem_of(F write) {
  const bio_ptr memory{BIO_new(BIO_s_mem())};
  must(memory && write(memory.get()) == 1, "a certificate can't be written");
  std::string result(BIO_ctrl_pending(memory.get()), '\0');
  BIO_read(memory.get(), result.data(), static_cast<int>(result.size()));
  return result;
}

std::string pem_of(X509& certificate) {
  return pem_of([&](BIO* to) { return PEM_write_bio_X509(to, &certificate); });
}

std::string pem_of(EVP_PKEY& key) {
  return pem_of(
      [&](BIO* to) { return PEM_write_bio_PrivateKey(to, &key, nullptr, nullptr, 0, nullptr, nullptr); });
}

certificate_files files_of(const fs::path& directory, const std::string& name) {
  return {directory / (name + ".pem"), directory / (name + ".key")};
}

/// Both or, as far as one can tell before, none.
void write(const certificate_files& files, X509& certificate, EVP_PKEY& key, bool overwrite) {
  for (const auto* each : {&files.certificate, &files.key})
    if (!overwrite && fs::exists(fs::symlink_status(*each)))
      throw std::system_error{std::make_error_code(std::errc::file_exists), '"' + each->string() + '"'};
  write_private_file(files.key, pem_of(key), private_mode, overwrite);
  write_private_file(files.certificate, pem_of(certificate), public_mode, overwrite);
}

bio_ptr opened(const fs::path& file) {
  ERR_clear_error();
  errno = 0;
  bio_ptr made{BIO_new_file(file.c_str(), "r")};
  if (!made)
    throw std::system_error{errno ? errno : EIO, std::generic_category(), '"' + file.string() + '"'};
  return made;
}

int no_passphrase(char*, int, int, void*) { return 0; }

struct authority {
  certificate_ptr certificate;
  key_ptr key;
};

authority read_authority(const fs::path& directory) {
  const auto files = files_of(directory, authority_name);
  const auto certificate = opened(files.certificate), key = opened(files.key);
  if (const auto why = why_not_private(files.key); !why.empty())
    detail::throw_invalid('"' + files.key.string() + "\": " + why);
  authority result{certificate_ptr{PEM_read_bio_X509(certificate.get(), nullptr, no_passphrase, nullptr)},
                   key_ptr{PEM_read_bio_PrivateKey(key.get(), nullptr, no_passphrase, nullptr)}};
  if (!result.certificate)
    detail::throw_invalid('"' + files.certificate.string()
                          + "\": it is no certificate in PEM: " + openssl_words());
  if (!result.key)
    detail::throw_invalid('"' + files.key.string()
                          + "\": it is no private key in PEM without a passphrase: " + openssl_words());
  if (X509_check_private_key(result.certificate.get(), result.key.get()) != 1)
    detail::throw_invalid('"' + files.key.string() + "\": it isn't the key of the authority's certificate");
  if (X509_cmp_current_time(X509_get0_notAfter(result.certificate.get())) < 0)
    detail::throw_invalid('"' + files.certificate.string() + "\": it has expired");
  return result;
}

} // namespace

bool has_authority(const fs::path& directory) {
  return fs::exists(files_of(directory, authority_name).certificate);
}

certificate_files make_authority(const fs::path& directory, const certificate_options& options) {
  check(options);
  ERR_clear_error();
  fs::create_directories(directory);
  const auto key = make_key();
  // Two authorities of one name would be taken for one another.
  std::array<unsigned char, 4> number{};
  must(RAND_bytes(number.data(), number.size()) == 1, "no random numbers");
  std::string name = "taskactor authority ";
  for (const auto each : number)
    name += {"0123456789abcdef"[each >> 4U], "0123456789abcdef"[each & 15U]};
  const auto made = make_bare(name, *key, options);
  must(X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) == 1,
       "an authority can't be made");
  add(*made, *made, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add(*made, *made, NID_key_usage, "critical,keyCertSign,cRLSign");
  add(*made, *made, NID_subject_key_identifier, "hash");
  must(X509_sign(made.get(), key.get(), EVP_sha256()) > 0, "an authority can't be signed");
  auto files = files_of(directory, authority_name);
  write(files, *made, *key, options.overwrite);
  return files;
}

certificate_files make_certificate(const fs::path& directory, const std::vector<std::string>& names,
                                   const certificate_options& options) {
  check(options);
  if (names.empty())
    detail::throw_invalid("a certificate without a name");
  std::string all;
  for (const auto& each : names) {
    check_name(each);
    all += (all.empty() ? "" : ",") + std::string{is_ip(each) ? "IP:" : "DNS:"} + each;
  }
  if (names.front() == authority_name)
    detail::throw_invalid("the name \"authority\" is the one of the authority's files");
  const auto authority = read_authority(directory);
  const auto key = make_key();
  const auto made = make_bare(names.front(), *key, options);
  must(X509_set_issuer_name(made.get(), X509_get_subject_name(authority.certificate.get())) == 1,
       "a certificate can't be made");
  add(*made, *authority.certificate, NID_basic_constraints, "critical,CA:FALSE");
  add(*made, *authority.certificate, NID_key_usage, "critical,digitalSignature");
  add(*made, *authority.certificate, NID_ext_key_usage, "serverAuth,clientAuth");
  add(*made, *authority.certificate, NID_subject_alt_name, all);
  add(*made, *authority.certificate, NID_subject_key_identifier, "hash");
  add(*made, *authority.certificate, NID_authority_key_identifier, "keyid:always");
  must(X509_sign(made.get(), authority.key.get(), EVP_sha256()) > 0, "a certificate can't be signed");
  auto files = files_of(directory, names.front());
  write(files, *made, *key, options.overwrite);
  return files;
}

} // namespace taskactor
