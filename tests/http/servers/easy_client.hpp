/// One request after the other, by curl's easy interface: asks servers that are tested themselves.
#pragma once

#include <curl/curl.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace test {

struct easy_answer {
  CURLcode code = CURLE_OK;
  long status = 0;
  long version = 0;                             ///< as CURLINFO_HTTP_VERSION
  std::map<std::string, std::string> headers{}; ///< of the last answer; names in lower case
  std::string body{};
};

/// Keeps its connections. Threads: one.
class easy_client {
public:
  easy_client() : handle_(curl_easy_init()) { renew(); }

  CURL* get() const { return handle_.get(); }
  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(handle_.get(), option, value);
  }
  /// Forgets all options that were set, and keeps connections.
  void renew() {
    curl_easy_reset(handle_.get());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT_MS, 20'000L);
    set(CURLOPT_WRITEFUNCTION, take_body);
    set(CURLOPT_HEADERFUNCTION, take_header);
  }
  easy_answer ask(const std::string& url) {
    easy_answer result;
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_WRITEDATA, &result);
    set(CURLOPT_HEADERDATA, &result);
    result.code = curl_easy_perform(handle_.get());
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &result.status);
    curl_easy_getinfo(handle_.get(), CURLINFO_HTTP_VERSION, &result.version);
    return result;
  }
  /// By PUT.
  easy_answer put(const std::string& url, std::string_view body) {
    set(CURLOPT_CUSTOMREQUEST, "PUT");
    set(CURLOPT_POSTFIELDS, body.data());
    set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    auto result = ask(url);
    renew();
    return result;
  }

private:
  struct cleanup {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };

  static std::size_t take_body(char* data, std::size_t one, std::size_t count, void* into) {
    static_cast<easy_answer*>(into)->body.append(data, one * count);
    return one * count;
  }
  static std::size_t take_header(char* data, std::size_t one, std::size_t count, void* into) {
    std::string_view line{data, one * count};
    auto& headers = static_cast<easy_answer*>(into)->headers;
    if (line.starts_with("HTTP/"))
      headers.clear();
    if (const auto colon = line.find(':'); colon != std::string_view::npos) {
      std::string name{line.substr(0, colon)};
      for (char& each : name)
        each = static_cast<char>(std::tolower(static_cast<unsigned char>(each)));
      line.remove_prefix(colon + 1);
      const auto first = line.find_first_not_of(' ');
      const auto end = line.find_last_not_of("\r\n ");
      headers[name]
          = first == std::string_view::npos || end < first ? "" : line.substr(first, end - first + 1);
    }
    return one * count;
  }

  std::unique_ptr<CURL, cleanup> handle_;
};

} // namespace test
