#include "http/http_url.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/http/error.hpp>

#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

#include <arpa/inet.h>

namespace taskactor::detail {

namespace {

[[noreturn]] void refuse(http::errc code, const std::string& text, const std::string& why) {
  // What stands before an '@' may be a password.
  const auto at = text.rfind('@');
  const auto shown = visible(at == std::string::npos ? text : "..." + text.substr(at));
  throw http::error{code, "\"" + shown + "\": " + why, shown};
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

} // namespace

std::string url_part(CURLU* of, CURLUPart which, unsigned flags) {
  char* found = nullptr;
  if (const auto code = ::curl_url_get(of, which, &found, flags); code == CURLUE_OUT_OF_MEMORY)
    throw std::bad_alloc{};
  else if (code != CURLUE_OK)
    return {};
  const curl_text owned{found};
  return owned.get();
}

http_url::http_url(const std::string& text) : url_(::curl_url()) {
  if (!url_)
    throw std::bad_alloc{};
  const auto odd = std::find_if(text.begin(), text.end(),
                                [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
  if (odd != text.end())
    refuse(http::errc::invalid_url, text,
           "there is a space or a control character at position " + std::to_string(odd - text.begin())
               + ": it has to be written as %20, or as %0A and the like");
  const auto code = ::curl_url_set(url_.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code == CURLUE_OUT_OF_MEMORY)
    throw std::bad_alloc{};
  if (code == CURLUE_BAD_SCHEME)
    refuse(http::errc::invalid_url, text, "there is no scheme: it begins with http:// or https://");
  if (code != CURLUE_OK)
    refuse(http::errc::invalid_url, text, ::curl_url_strerror(code));
  const auto scheme = url_part(url_.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https")
    refuse(http::errc::unsupported_scheme, text, "its scheme is \"" + scheme + "\", neither http nor https");
  secure_ = scheme == "https";
  host_ = url_part(url_.get(), CURLUPART_HOST, CURLU_PUNYCODE);
  if (host_.empty()) // also of a name that can't be written as one of the DNS
    refuse(http::errc::invalid_url, text, "it has no host that can be looked up");
  if (host_.front() == '[')
    host_ = host_.substr(1, host_.size() - 2);
  std::transform(host_.begin(), host_.end(), host_.begin(), lower);
  port_ = url_part(url_.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  origin_ = scheme + "://" + host_ + ':' + port_;
}

std::string http_url::shown() const {
  const curl_url_parts copy{::curl_url_dup(url_.get())};
  if (!copy)
    throw std::bad_alloc{};
  ::curl_url_set(copy.get(), CURLUPART_USER, nullptr, 0);
  ::curl_url_set(copy.get(), CURLUPART_PASSWORD, nullptr, 0);
  return url_part(copy.get(), CURLUPART_URL);
}

void http_url::inherit_user(const http_url& from) {
  for (const auto which : {CURLUPART_USER, CURLUPART_PASSWORD})
    if (const auto theirs = url_part(from.handle(), which);
        !theirs.empty() && url_part(handle(), which).empty())
      if (::curl_url_set(handle(), which, theirs.c_str(), 0) != CURLUE_OK)
        throw std::bad_alloc{};
}

/// RFC 6761, section 6.3, for localhost: libcurl keeps to it.
bool http_url::needs_no_lookup() const noexcept {
  in6_addr address{};
  return host_ == "localhost" || std::string_view{host_}.ends_with(".localhost")
         || ::inet_pton(AF_INET, host_.c_str(), &address) == 1
         || host_.find(':') != std::string::npos; // IPv6, perhaps with a zone
}

} // namespace taskactor::detail
