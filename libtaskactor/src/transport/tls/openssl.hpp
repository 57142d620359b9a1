/// What OpenSSL gives, owned; and what it complains of, in words.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace taskactor::detail {

template <auto Free>
struct openssl_deleter {
  template <class T>
  void operator()(T* what) const noexcept {
    Free(what);
  }
};
using ssl_ptr = std::unique_ptr<SSL, openssl_deleter<SSL_free>>;
using ssl_context_ptr = std::unique_ptr<SSL_CTX, openssl_deleter<SSL_CTX_free>>;
using bio_ptr = std::unique_ptr<BIO, openssl_deleter<BIO_free_all>>;
using key_ptr = std::unique_ptr<EVP_PKEY, openssl_deleter<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, openssl_deleter<X509_free>>;
using names_ptr = std::unique_ptr<GENERAL_NAMES, openssl_deleter<GENERAL_NAMES_free>>;

/// What the first error in this thread's queue says; the queue is empty then.
std::string openssl_words();

} // namespace taskactor::detail
