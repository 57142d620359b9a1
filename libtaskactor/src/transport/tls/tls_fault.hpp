/// What went wrong in a handshake, from OpenSSL's codes to a reason for people.
#pragma once

#include "transport/link_reason.hpp"
#include "transport/tls/openssl.hpp"

#include <optional>
#include <string>
#include <vector>

namespace taskactor::detail {

/// The DNS names of a certificate, else its common name; without those that can't be printed.
std::vector<std::string> names_of(const X509& certificate);

/// Why a certificate isn't believed: `error` of X509_V_ERR_*.
link_reason why_not_believed(int error, const std::vector<std::string>& names, const std::string& expected);

/// From the queue of errors, which is empty then. `verified`: why the certificate that was shown isn't
/// believed, if it isn't.
link_reason why_tls_failed(const std::optional<link_reason>& verified);

} // namespace taskactor::detail
