#include "transport/tls/certificate_name.hpp"

#include "transport/tls/openssl.hpp"
#include "transport/tls/tls_fault.hpp"

#include <taskactor/error.hpp>

#include <openssl/pem.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace taskactor::detail {

std::string certificate_name(const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& what) {
    ::ERR_clear_error();
    throw error{errc::invalid_argument, file.string() + what};
  };
  ::ERR_clear_error();
  errno = 0;
  const bio_ptr input{::BIO_new_file(file.c_str(), "r")};
  if (!input)
    refuse(": the certificate can't be read: "
           + (errno != 0 ? std::generic_category().message(errno) : openssl_words()));
  const certificate_ptr read{::PEM_read_bio_X509(input.get(), nullptr, nullptr, nullptr)};
  if (!read)
    refuse(": no certificate in PEM");
  const auto names = names_of(*read);
  if (names.empty())
    refuse(": a certificate without a name");
  return names.front();
}

} // namespace taskactor::detail
