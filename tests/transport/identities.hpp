/// Two authorities, and identities of theirs: made once for a program of tests.
#pragma once

#include "transport/link_options.hpp"
#include "transport/tls/openssl.hpp"

#include <taskactor/node/certificates.hpp>

#include "support/temporary_directory.hpp"

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

  /// Moves what a certificate says of its time.
  void shift(const std::string& name, long days) const {
    sign_anew(name, [&](X509& it) {
      X509_gmtime_adj(X509_getm_notBefore(&it), (days - 1) * 86400);
      X509_gmtime_adj(X509_getm_notAfter(&it), days * 86400);
    });
  }
  /// Takes all of its names, but that of a person.
  void make_nameless(const std::string& name) const {
    sign_anew(name, [](X509& it) {
      for (int at = X509_get_ext_by_NID(&it, NID_subject_alt_name, -1); at >= 0;
           at = X509_get_ext_by_NID(&it, NID_subject_alt_name, -1))
        X509_EXTENSION_free(X509_delete_ext(&it, at));
      X509_NAME* const subject = X509_NAME_new();
      const std::string person = "Jane Doe";
      X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(person.data()),
                                 static_cast<int>(person.size()), -1, 0);
      X509_set_subject_name(&it, subject);
      X509_NAME_free(subject);
    });
  }
  template <class Change>
  void sign_anew(const std::string& name, Change change) const {
    using namespace taskactor::detail;
    const bio_ptr from{BIO_new_file((ours / (name + ".pem")).c_str(), "r")};
    const bio_ptr by{BIO_new_file((ours / "authority.key").c_str(), "r")};
    const certificate_ptr it{PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr)};
    const key_ptr key{PEM_read_bio_PrivateKey(by.get(), nullptr, nullptr, nullptr)};
    change(*it);
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
