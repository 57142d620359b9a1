/// Two authorities, and identities of theirs: made once for a program of tests.
#pragma once

#include <link/link_terms.hpp>
#include <link/openssl.hpp>

#include <taskactor/link/certificates.hpp>

#include <support/temporary_directory.hpp>

#include <openssl/pem.h>

#include <filesystem>
#include <memory>
#include <string>

namespace test {

class identities {
public:
  identities() {
    taskactor::make_authority(ours);
    taskactor::make_authority(theirs);
    for (const char* name : {"alpha", "beta"})
      taskactor::make_certificate(ours, {name});
    taskactor::make_certificate(theirs, {"alpha"});
  }
  static taskactor::detail::link_identity of(const std::filesystem::path& directory,
                                             const std::string& name) {
    return {directory / "authority.pem", directory / (name + ".pem"), directory / (name + ".key")};
  }
  taskactor::detail::link_identity alpha() const { return of(ours, "alpha"); }
  taskactor::detail::link_identity beta() const { return of(ours, "beta"); }
  /// Of the other authority, and believing ours.
  taskactor::detail::link_identity stranger() const {
    auto result = of(theirs, "alpha");
    result.authority = ours / "authority.pem";
    return result;
  }

  /// Moves what a certificate says of its time, and signs it anew.
  void shift(const std::string& name, long days) const {
    using namespace taskactor::detail;
    const bio_ptr from{BIO_new_file((ours / (name + ".pem")).c_str(), "r")};
    const bio_ptr by{BIO_new_file((ours / "authority.key").c_str(), "r")};
    const certificate_ptr it{PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr)};
    const key_ptr key{PEM_read_bio_PrivateKey(by.get(), nullptr, nullptr, nullptr)};
    X509_gmtime_adj(X509_getm_notBefore(it.get()), (days - 1) * 86400);
    X509_gmtime_adj(X509_getm_notAfter(it.get()), days * 86400);
    X509_sign(it.get(), key.get(), EVP_sha256());
    const bio_ptr to{BIO_new_file((ours / (name + ".pem")).c_str(), "w")};
    PEM_write_bio_X509(to.get(), it.get());
  }

  /// As somebody would make it who has read no rules: with what files there are, expired ones too.
  static std::shared_ptr<SSL_CTX> context_of(const taskactor::detail::link_identity& files) {
    std::shared_ptr<SSL_CTX> made{SSL_CTX_new(TLS_method()), SSL_CTX_free};
    SSL_CTX_load_verify_file(made.get(), files.authority.c_str());
    if (!files.certificate.empty()) {
      SSL_CTX_use_certificate_chain_file(made.get(), files.certificate.c_str());
      SSL_CTX_use_PrivateKey_file(made.get(), files.key.c_str(), SSL_FILETYPE_PEM);
    }
    ERR_clear_error();
    return made;
  }

  const temporary_directory folder;
  const std::filesystem::path ours = folder / "ours", theirs = folder / "theirs";
};

} // namespace test
