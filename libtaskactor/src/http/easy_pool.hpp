/// Handles of libcurl that are used again: to make one costs more than a request. Threads: any.
#pragma once

#include "http/curl_handles.hpp"

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace taskactor::detail {

class easy_pool {
public:
  /// `prepare` sets what all requests have in common, when one is made.
  explicit easy_pool(std::function<void(CURL*)> prepare) : prepare_(std::move(prepare)) {}

  /// Not once what `prepare` refers to is gone. Errors: `std::bad_alloc`, and those of `prepare`.
  curl_easy take();
  void give_back(curl_easy unused) noexcept;

private:
  static constexpr std::size_t most = 256;

  const std::function<void(CURL*)> prepare_;
  std::mutex mutex_; // of the next
  std::vector<curl_easy> free_;
};

} // namespace taskactor::detail
