/// A handle of libcurl's with all that it refers to while a request goes on; back to its pool afterwards.
#pragma once

#include "http/curl_handles.hpp"
#include "http/easy_pool.hpp"

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace taskactor::detail {

class curl_request {
public:
  /// Errors: those of the pool.
  explicit curl_request(std::shared_ptr<easy_pool> pool) : handle_(pool->take()), pool_(std::move(pool)) {
    ::curl_easy_setopt(handle_.get(), CURLOPT_ERRORBUFFER, words_.data());
  }
  curl_request(const curl_request&) = delete;
  curl_request& operator=(const curl_request&) = delete;
  ~curl_request() {
    ::curl_easy_setopt(handle_.get(), CURLOPT_ERRORBUFFER, nullptr); // its end may write there
    pool_->give_back(std::move(handle_));
  }

  CURL* handle() const noexcept { return handle_.get(); }
  /// What libcurl has to say of an error; may be empty.
  const char* words() const noexcept { return words_.data(); }

  std::shared_ptr<curl_slist> fields;
  curl_list addresses;
  curl_url_parts url;
  std::shared_ptr<const std::string> body;

private:
  curl_easy handle_;
  const std::shared_ptr<easy_pool> pool_; // an await that was given up may outlive the client
  std::array<char, CURL_ERROR_SIZE> words_{};
};

} // namespace taskactor::detail
