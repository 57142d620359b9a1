#include "transport/tls/tls_credentials.hpp"

#include "transport/link_reason.hpp"
#include "transport/tls/openssl.hpp"
#include "transport/tls/private_file.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

[[noreturn]] void refuse(const char* what, const std::filesystem::path& file, const std::string& why) {
  throw link_failure{link_end::no_identity, std::string{what} + " \"" + file.string() + "\": " + why};
}

/// A key with a passphrase: OpenSSL would ask for it at the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

void check_readable(const char* what, const std::filesystem::path& file) {
  if (file.empty())
    refuse(what, file, "no file is given: an authority, a certificate and a key are needed together");
  if (::access(file.c_str(), R_OK) != 0)
    refuse(what, file, std::generic_category().message(errno));
}

void check_valid_now(const SSL_CTX& context, const std::filesystem::path& file) {
  const auto* const mine = SSL_CTX_get0_certificate(&context);
  if (X509_cmp_current_time(X509_get0_notAfter(mine)) < 0)
    refuse("the certificate", file, "it has expired");
  if (X509_cmp_current_time(X509_get0_notBefore(mine)) > 0)
    refuse("the certificate", file, "it isn't valid yet");
}

ssl_context_ptr make_context(const link_identity& files) {
  ERR_clear_error();
  ssl_context_ptr made{SSL_CTX_new(TLS_method())};
  if (!made)
    throw std::bad_alloc{};
  auto* const context = made.get();
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  if (SSL_CTX_load_verify_file(context, files.authority.c_str()) != 1)
    refuse("the authority", files.authority, "it is no certificate in PEM: " + openssl_words());
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
    refuse("the certificate", files.certificate, "it is no certificate in PEM: " + openssl_words());
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1
      || SSL_CTX_check_private_key(context) != 1)
    refuse("the key", files.key,
           "it is no private key in PEM without a passphrase, or not of the certificate: " + openssl_words());
  return made;
}

} // namespace

tls_credentials::tls_credentials(link_identity files) : files_(std::move(files)) {}

tls_credentials::stamps tls_credentials::look() const {
  check_readable("the authority", files_.authority);
  check_readable("the certificate", files_.certificate);
  check_readable("the key", files_.key);
  if (const auto why = why_not_private(files_.key); !why.empty())
    refuse("the key", files_.key, why);
  stamps result;
  std::size_t next = 0;
  for (const auto* each : {&files_.authority, &files_.certificate, &files_.key}) {
    struct stat file {};
    if (::stat(each->c_str(), &file) == 0)
      result[next] = {file.st_dev, file.st_ino, file.st_size,
                      std::int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec};
    ++next;
  }
  return result;
}

std::shared_ptr<ssl_ctx_st> tls_credentials::context() {
  const std::lock_guard lock{mutex_};
  const auto now = look(); // before they are read: what changes meanwhile is read again
  if (!context_ || seen_ != now) {
    context_ = nullptr;
    context_ = {make_context(files_).release(), SSL_CTX_free};
    seen_ = now;
  }
  check_valid_now(*context_, files_.certificate);
  return context_;
}

} // namespace taskactor::detail
