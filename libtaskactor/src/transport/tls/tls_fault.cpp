#include "transport/tls/tls_fault.hpp"

#include <algorithm>
#include <string_view>

namespace taskactor::detail {

namespace {

bool printable(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

std::string_view text_of(const ASN1_STRING& value) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(&value)),
          static_cast<std::size_t>(ASN1_STRING_length(&value))};
}

std::string common_name(const X509& certificate) {
  const auto* const subject = X509_get_subject_name(&certificate);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0)
    return {};
  return std::string{text_of(*X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)))};
}

std::string joined(const std::vector<std::string>& names) {
  std::string result;
  for (const auto& each : names)
    result += (result.empty() ? "\"" : ", \"") + each + '"';
  return result.empty() ? "no name" : result;
}

/// What the other side says by an alert of why it doesn't go on.
std::string alert_words(int alert) {
  switch (alert) {
  case SSL_AD_CERTIFICATE_REQUIRED:
    return "it wants a certificate";
  case SSL_AD_UNKNOWN_CA:
    return "this side's certificate isn't of the authority that it believes";
  case SSL_AD_CERTIFICATE_EXPIRED:
    return "this side's certificate has expired";
  case SSL_AD_BAD_CERTIFICATE:
    return "this side's certificate is for another name, or broken";
  case SSL_AD_UNSUPPORTED_CERTIFICATE:
    return "this side's certificate isn't for this purpose";
  case SSL_AD_PROTOCOL_VERSION:
    return "it speaks no TLS, or none of version 1.3";
  default: {
    const std::string_view known = SSL_alert_desc_string_long(alert);
    return known == "unknown" ? "alert " + std::to_string(alert) : std::string{known};
  }
  }
}

} // namespace

std::vector<std::string> names_of(const X509& certificate) {
  std::vector<std::string> result;
  const names_ptr all{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const auto* const name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type == GEN_DNS && printable(text_of(*name->d.dNSName)))
      result.emplace_back(text_of(*name->d.dNSName));
  }
  if (result.empty())
    if (auto common = common_name(certificate); printable(common))
      result.push_back(std::move(common));
  return result;
}

link_reason why_not_believed(int error, const std::vector<std::string>& names, const std::string& expected) {
  const auto whose = "the other side's certificate (for " + joined(names) + ") ";
  switch (error) {
  case X509_V_ERR_CERT_HAS_EXPIRED:
    return {link_end::expired, whose + "has expired"};
  case X509_V_ERR_CERT_NOT_YET_VALID:
    return {link_end::expired, whose + "isn't valid yet"};
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    return {link_end::wrong_name, whose + "isn't for \"" + expected + '"'};
  default:
    return {link_end::other_authority, whose + "isn't of the authority that this side believes: "
                                           + X509_verify_cert_error_string(error)};
  }
}

link_reason why_tls_failed(const std::optional<link_reason>& verified) {
  const auto code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  const auto words = openssl_words();
  if (verified)
    return *verified;
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET)
    return {link_end::refused, "the other side refuses: " + alert_words(reason - SSL_AD_REASON_OFFSET)};
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
    return {link_end::no_certificate, "the other side has shown no certificate"};
  return {link_end::not_tls, "what came is no TLS 1.3 that can be understood: " + words};
}

} // namespace taskactor::detail
