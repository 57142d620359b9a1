#include "certificates.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace test {

namespace {

template <auto Free>
struct deleter {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};

using key_ptr = std::unique_ptr<EVP_PKEY, deleter<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, deleter<X509_free>>;
using file_ptr = std::unique_ptr<BIO, deleter<BIO_free_all>>;

void check(bool right, const char* what) {
  if (right)
    return;
  std::array<char, 256> words{};
  ERR_error_string_n(ERR_get_error(), words.data(), words.size());
  throw std::runtime_error{std::string{what} + ": " + words.data()};
}

void add_extension(X509& certificate, X509& issuer, int kind, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, deleter<X509_EXTENSION_free>> made{
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
  check(made && X509_add_ext(&certificate, made.get(), -1) == 1, value.c_str());
}

} // namespace

struct certificate_authority::pair {
  key_ptr key;
  certificate_ptr certificate;
};

certificate_authority::certificate_authority(std::filesystem::path folder) : folder_(std::move(folder)) {
  root_ = std::make_unique<pair>(make("authority of tests", "", valid, nullptr));
  write("authority", *root_);
}

certificate_authority::~certificate_authority() = default;

void certificate_authority::issue(const std::string& name, const std::string& names, validity when) const {
  write(name, make(name, names, when, root_.get()));
}

void certificate_authority::make_self_signed(const std::string& name, const std::string& names) const {
  write(name, make(name, names, valid, nullptr));
}

/// Without names it is an authority; without an issuer its own.
certificate_authority::pair certificate_authority::make(const std::string& subject, const std::string& names,
                                                        validity when, const pair* issuer) const {
  pair made{key_ptr{EVP_EC_gen("P-256")}, certificate_ptr{X509_new()}};
  check(made.key && made.certificate, "a key");
  const auto& by = issuer != nullptr ? *issuer : made;
  auto& it = *made.certificate;
  std::uint32_t serial = 0;
  check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "a serial number");
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(&it), serial);
  X509_set_version(&it, X509_VERSION_3);
  constexpr long day = 86400;
  X509_gmtime_adj(X509_getm_notBefore(&it), when.from_days * day);
  X509_gmtime_adj(X509_getm_notAfter(&it), when.to_days * day);
  X509_set_pubkey(&it, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(&it), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
  X509_set_issuer_name(&it, X509_get_subject_name(by.certificate.get()));
  if (names.empty()) {
    add_extension(it, *by.certificate, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(it, *by.certificate, NID_key_usage, "critical,keyCertSign");
  } else {
    add_extension(it, *by.certificate, NID_subject_alt_name, names);
  }
  check(X509_sign(&it, by.key.get(), EVP_sha256()) > 0, "a signature");
  return made;
}

void certificate_authority::write(const std::string& name, const pair& what) const {
  const file_ptr certificate{BIO_new_file((folder_ / (name + ".pem")).c_str(), "w")};
  check(certificate && PEM_write_bio_X509(certificate.get(), what.certificate.get()) == 1, "a file");
  const file_ptr key{BIO_new_file((folder_ / (name + ".key")).c_str(), "w")};
  check(
      key && PEM_write_bio_PrivateKey(key.get(), what.key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
      "a file");
}

} // namespace test
