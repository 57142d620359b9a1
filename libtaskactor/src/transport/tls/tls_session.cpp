#include "transport/tls/tls_session.hpp"

#include "transport/tls/openssl.hpp"
#include "transport/tls/tls_fault.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <arpa/inet.h>

namespace taskactor::detail {

struct tls_session::parts {
  std::shared_ptr<SSL_CTX> context;
  ssl_ptr ssl;
  BIO* in = nullptr;  // of `ssl`
  BIO* out = nullptr; // of `ssl`
  std::string expected;
  std::optional<link_reason> verified;
};

namespace {

constexpr std::size_t record_size = std::size_t{1} << 14;

bool is_ip(const std::string& text) {
  in6_addr unused{};
  return ::inet_pton(AF_INET, text.c_str(), &unused) == 1
         || ::inet_pton(AF_INET6, text.c_str(), &unused) == 1;
}

/// What SSL_set_tlsext_host_name says, without the cast that is in the macro.
bool set_server_name(SSL& ssl, std::string name) {
  return SSL_ctrl(&ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

void expect(SSL& ssl, const std::string& name) {
  auto* const rules = SSL_get0_param(&ssl);
  X509_VERIFY_PARAM_set_hostflags(rules,
                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool taken = is_ip(name) ? X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str()) == 1
                                 : SSL_set1_host(&ssl, name.c_str()) == 1 && set_server_name(ssl, name);
  if (!taken)
    throw link_failure{link_end::wrong_name,
                       "\"" + name + "\" can't be the name of a certificate: " + openssl_words()};
}

} // namespace

tls_session::tls_session(std::shared_ptr<ssl_ctx_st> with, link_role role, const std::string& expected_name)
    : parts_(std::make_unique<parts>()) {
  ERR_clear_error();
  parts_->context = std::move(with);
  parts_->ssl.reset(SSL_new(parts_->context.get()));
  bio_ptr in{BIO_new(BIO_s_mem())}, out{BIO_new(BIO_s_mem())};
  if (!parts_->ssl || !in || !out)
    throw std::bad_alloc{};
  parts_->in = in.get();
  parts_->out = out.get();
  SSL_set_bio(parts_->ssl.get(), in.release(), out.release());
  if (role == link_role::calling)
    SSL_set_connect_state(parts_->ssl.get());
  else
    SSL_set_accept_state(parts_->ssl.get());
  if (!expected_name.empty())
    expect(*parts_->ssl, parts_->expected = expected_name);
  // Why a certificate isn't believed is known to this callback alone: it is gone when the handshake has
  // failed.
  SSL_set_app_data(parts_->ssl.get(), parts_.get());
  SSL_set_verify(parts_->ssl.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                 [](int believed, X509_STORE_CTX* chain) {
                   if (believed)
                     return 1;
                   const auto* const ssl = static_cast<const SSL*>(
                       X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
                   auto& mine = *static_cast<parts*>(SSL_get_app_data(ssl));
                   const auto* const shown = X509_STORE_CTX_get0_cert(chain);
                   mine.verified = why_not_believed(X509_STORE_CTX_get_error(chain),
                                                    shown ? names_of(*shown) : std::vector<std::string>{},
                                                    mine.expected);
                   return 0;
                 });
}

tls_session::~tls_session() = default;

void tls_session::begin() { shake_hands(); }

void tls_session::take(std::string_view bytes, std::string& plain) {
  if (fault_ || ended_)
    return;
  ERR_clear_error();
  if (BIO_write(parts_->in, bytes.data(), static_cast<int>(bytes.size())) != static_cast<int>(bytes.size()))
    throw std::bad_alloc{};
  if (!established_)
    shake_hands();
  if (established_)
    read(plain);
}

void tls_session::shake_hands() {
  ERR_clear_error();
  auto* const ssl = parts_->ssl.get();
  const int done = SSL_do_handshake(ssl);
  if (done != 1) {
    if (SSL_get_error(ssl, done) != SSL_ERROR_WANT_READ)
      failed();
    return;
  }
  const certificate_ptr shown{SSL_get1_peer_certificate(ssl)};
  const auto names = shown ? names_of(*shown) : std::vector<std::string>{};
  if (names.empty()) { // without a name one could call oneself anything: no name means "without TLS"
    fault_ = link_reason{link_end::wrong_name,
                         "the other side's certificate has no DNS name, and no common name without spaces"};
    return;
  }
  peer_name_ = names.front();
  established_ = true;
}

void tls_session::read(std::string& plain) {
  auto* const ssl = parts_->ssl.get();
  std::array<char, record_size> record; // NOLINT: what is read of it was written before
  for (;;) {
    ERR_clear_error();
    const int count = SSL_read(ssl, record.data(), static_cast<int>(record.size()));
    if (count > 0) {
      plain.append(record.data(), static_cast<std::size_t>(count));
      if (SSL_has_pending(ssl) == 0 && BIO_ctrl_pending(parts_->in) == 0)
        return; // to be told so by OpenSSL takes as long as a short record
      continue;
    }
    const int why = SSL_get_error(ssl, count);
    if (why == SSL_ERROR_ZERO_RETURN)
      ended_ = true;
    else if (why != SSL_ERROR_WANT_READ)
      failed();
    return;
  }
}

void tls_session::failed() { fault_ = why_tls_failed(parts_->verified); }

void tls_session::send(std::string_view plain) {
  while (!plain.empty() && !fault_) {
    ERR_clear_error();
    const auto most = static_cast<int>(std::min<std::size_t>(plain.size(), std::size_t{1} << 20));
    const int count = SSL_write(parts_->ssl.get(), plain.data(), most);
    if (count <= 0)
      return failed();
    plain.remove_prefix(static_cast<std::size_t>(count));
  }
}

void tls_session::finish() {
  if (fault_ || !established_)
    return;
  ERR_clear_error();
  SSL_shutdown(parts_->ssl.get());
  ERR_clear_error();
}

std::string tls_session::take_output() {
  std::string result(BIO_ctrl_pending(parts_->out), '\0');
  if (!result.empty())
    BIO_read(parts_->out, result.data(), static_cast<int>(result.size()));
  return result;
}

} // namespace taskactor::detail
