#include "http/http_plan.hpp"

#include "base/invalid.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>
#include <taskactor/http/error.hpp>

#include <algorithm>
#include <chrono>
#include <limits>
#include <new>
#include <utility>

namespace taskactor::detail {

namespace {

/// RFC 9110, section 5.6.2.
bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
  });
}

long milliseconds(time_span d) noexcept {
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::nanoseconds{d}).count();
  return static_cast<long>(std::clamp<std::int64_t>(rounded, 1, std::numeric_limits<int>::max()));
}

void append(curl_list& list, const http::header_list& headers) {
  for (const auto& [name, value] : headers) // libcurl takes "name:" for: not this one
    append(list, (value.empty() ? name + ';' : name + ": " + value).c_str());
}

/// They are the body's.
constexpr const char* of_body[] = {"Content-Type",     "Content-Length",   "Content-Encoding",
                                   "Content-Language", "Content-Location", "Expect"};
constexpr const char* credentials[] = {"Authorization", "Cookie", "Proxy-Authorization"};

/// What it says may be relative to where it was said.
std::string target(const http_url& from, const std::string& location) {
  const curl_url_parts url{::curl_url_dup(from.handle())};
  if (!url)
    throw std::bad_alloc{};
  ::curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  const auto code = ::curl_url_set(url.get(), CURLUPART_URL, location.c_str(),
                                   CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME);
  if (code == CURLUE_OUT_OF_MEMORY)
    throw std::bad_alloc{};
  if (code != CURLUE_OK)
    throw http::error{http::errc::invalid_url,
                      from.shown() + " redirects to \"" + visible(location)
                          + "\", which is no URL: " + ::curl_url_strerror(code),
                      from.shown()};
  return url_part(url.get(), CURLUPART_URL);
}

} // namespace

void check(const http::header_list& headers) {
  for (const auto& [name, value] : headers) {
    if (!is_token(name))
      throw_invalid("header \"" + visible(name)
                    + "\": a name has letters, digits and some of !#$%&'*+-.^_`|~");
    if (value.find_first_of(std::string_view{"\r\n\0", 3}) != std::string::npos)
      throw_invalid("header " + name + ": \"" + visible(value) + "\" has a line end or a zero byte in it");
  }
}

std::shared_ptr<curl_slist> make_list(const http::header_list& headers) {
  curl_list list;
  append(list, headers);
  return {std::move(list)};
}

bool is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

http_plan::http_plan(const http::client_options& defaults, http::request what, http_body from)
    : defaults_(content_of(defaults.headers)),
      what_(std::move(what)),
      from_(from),
      bounds_{defaults.max_header, what_.max_body.value_or(defaults.max_body)},
      max_redirects_(what_.max_redirects.value_or(defaults.max_redirects)),
      retry_(content_of(what_.retry) ? content_of(what_.retry) : defaults.retry),
      timeout_(what_.timeout ? what_.timeout : defaults.timeout) {
  const auto& method = content_of(what_.method);
  if (!is_token(method) || method == "CONNECT")
    throw_invalid("method \"" + visible(method) + "\": it is a word as GET, but for CONNECT");
  const auto& headers = content_of(what_.headers);
  check(headers);
  if (headers.contains("Transfer-Encoding")
      || (from != http_body::channel && headers.contains("Content-Length")))
    throw_invalid("headers Content-Length and Transfer-Encoding: they follow from the body");
  body_ = std::make_shared<const std::string>(take_content(what_.body));
  if (from != http_body::memory && !body_->empty())
    throw_invalid("request.body: the body is given apart");
  if (method == "HEAD" && (from != http_body::memory || !body_->empty()))
    throw_invalid("request.body: HEAD has none");
  if (timeout_ && timeout_->count() <= 0)
    throw_invalid("request.timeout: it is positive");
  if (retry_)
    if (const auto why = validate(*retry_))
      throw_invalid(why->message);
}

bool http_plan::is_idempotent() const noexcept {
  constexpr const char* methods[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return std::find(std::begin(methods), std::end(methods), content_of(what_.method)) != std::end(methods)
         || content_of(what_.headers).contains("Idempotency-Key");
}

http_hop http_plan::first() const {
  const auto& own = content_of(what_.headers);
  const auto& method = content_of(what_.method);
  http_hop hop{.url = http_url{content_of(what_.url)}, .method = method, .headers = {}};
  hop.with_body = from_ != http_body::memory || !body_->empty() || method == "POST" || method == "PUT"
                  || method == "PATCH";
  hop.plain = own.empty() && !hop.with_body;
  if (!hop.plain) {
    hop.headers = own;
    for (const auto& [name, value] : defaults_)
      if (!own.contains(name))
        hop.headers.add(name, value);
  }
  return hop;
}

http_hop http_plan::next(const http_hop& from, int status, const std::string& location) const {
  http_hop hop{.url = http_url{target(from.url, location)},
               .method = from.method,
               .headers = from.plain ? defaults_ : from.headers,
               .plain = from.plain,
               .with_body = from.with_body};
  if ((status == 303 && hop.method != "HEAD") || ((status == 301 || status == 302) && hop.method == "POST")) {
    hop.method = "GET";
    hop.with_body = false;
    for (const auto* const name : of_body)
      hop.headers.erase(name);
  } else if (from.with_body && from_ == http_body::channel) {
    throw http::error{http::errc::body_was_sent,
                      from.url.shown() + " redirects to " + hop.url.shown()
                          + ", and what came out of the channel can't be sent again",
                      from.url.shown()};
  }
  if (hop.url.origin() == from.url.origin()) {
    hop.url.inherit_user(from.url);
  } else {
    hop.plain = false;
    for (const auto* const name : credentials)
      hop.headers.erase(name);
    hop.headers.erase("Host");
  }
  return hop;
}

std::shared_ptr<curl_slist> http_plan::list_of(const http_hop& hop) const {
  auto headers = hop.headers;
  headers.erase("Content-Length"); // libcurl is told the length
  curl_list list;
  if (hop.with_body) {
    // What libcurl adds by itself: a type that the body hasn't, and a question that many servers don't
    // answer.
    for (const auto* const name : {"Content-Type", "Expect"})
      if (!headers.contains(name))
        append(list, (std::string{name} + ':').c_str());
  }
  append(list, headers);
  return {std::move(list)};
}

void http_plan::apply(const http_hop& hop, const std::shared_ptr<curl_slist>& fields,
                      std::string_view addresses, std::int64_t length, http_transfer& to) const {
  auto* const handle = to.request().handle();
  const auto set = [handle](CURLoption option, auto value) {
    if (::curl_easy_setopt(handle, option, value) == CURLE_OUT_OF_MEMORY)
      throw std::bad_alloc{};
  };
  to.request().url.reset(::curl_url_dup(hop.url.handle()));
  if (!to.request().url)
    throw std::bad_alloc{};
  to.request().fields = hop.plain ? fields : list_of(hop);
  if (!addresses.empty())
    append(to.request().addresses,
           ("+" + hop.url.host() + ':' + hop.url.port() + ':' + std::string{addresses}).c_str());
  set(CURLOPT_CURLU, to.request().url.get());
  set(CURLOPT_HTTPHEADER, to.request().fields.get());
  set(CURLOPT_RESOLVE, to.request().addresses.get());
  set(CURLOPT_TIMEOUT_MS, timeout_ ? milliseconds(*timeout_) : 0L);
  // Each handle may have had any other request before.
  set(CURLOPT_POSTFIELDS, static_cast<const char*>(nullptr));
  set(CURLOPT_HTTPGET, 1L);
  set(CURLOPT_NOBODY, hop.method == "HEAD" ? 1L : 0L);
  const bool streamed = hop.with_body && from_ != http_body::memory;
  set(CURLOPT_FRESH_CONNECT, streamed ? 1L : 0L); // else libcurl would send it again, and can't
  if (streamed) {
    to.opens_upload(length);
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(length));
  } else if (hop.with_body) {
    to.request().body = body_;
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_->size()));
    set(CURLOPT_POSTFIELDS, body_->data());
  }
  const auto* const natural = streamed               ? "PUT"
                              : hop.with_body        ? "POST"
                              : hop.method == "HEAD" ? "HEAD"
                                                     : "GET";
  set(CURLOPT_CUSTOMREQUEST, hop.method == natural ? nullptr : hop.method.c_str());
}

} // namespace taskactor::detail
