/// Owners of what libcurl makes.
#pragma once

#include <memory>

#include <curl/curl.h>

namespace taskactor::detail {

template <auto End>
struct curl_end {
  template <class T>
  void operator()(T* what) const noexcept {
    End(what);
  }
};

using curl_easy = std::unique_ptr<CURL, curl_end<&::curl_easy_cleanup>>; // CURL is void, and CURLM, too
using curl_multi = std::unique_ptr<CURLM, curl_end<&::curl_multi_cleanup>>;
using curl_url_parts = std::unique_ptr<CURLU, curl_end<&::curl_url_cleanup>>;
using curl_list = std::unique_ptr<curl_slist, curl_end<&::curl_slist_free_all>>;
using curl_text = std::unique_ptr<char, curl_end<&::curl_free>>;

/// Errors: `std::bad_alloc`, and the list is as it was.
void append(curl_list& list, const char* text);

} // namespace taskactor::detail
