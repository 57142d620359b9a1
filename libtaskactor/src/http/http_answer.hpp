/// The header of an answer, as libcurl gives it line by line: of the last answer, if interim ones (100) come
/// before it. Threads: one at a time.
#pragma once

#include <taskactor/http/response.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace taskactor::detail {

class http_answer {
public:
  explicit http_answer(std::size_t most) noexcept : most_(most) {}

  /// False: those of all answers and trailers together are longer than allowed. Errors: `std::bad_alloc`.
  bool add(std::string_view line);
  /// It is there. What is added then is a trailer, and left out.
  bool complete() const noexcept { return complete_; }
  int status() const noexcept { return status_; }
  /// Status and header; status zero: there was none.
  http::response head() const;

private:
  const std::size_t most_;
  std::size_t bytes_ = 0;
  std::string lines_;
  int status_ = 0;
  bool complete_ = false;
};

} // namespace taskactor::detail
