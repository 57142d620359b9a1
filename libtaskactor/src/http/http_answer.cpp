#include "http/http_answer.hpp"

#include <algorithm>

namespace taskactor::detail {

namespace {

std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// Of "HTTP/1.1 200 OK"; zero: none.
int status_of(std::string_view line) noexcept {
  const auto space = line.find(' ');
  if (space == std::string_view::npos || line.size() < space + 4)
    return 0;
  int status = 0;
  for (const char c : line.substr(space + 1, 3)) {
    if (c < '0' || c > '9')
      return 0;
    status = status * 10 + (c - '0');
  }
  return status;
}

} // namespace

bool http_answer::add(std::string_view line) {
  bytes_ += line.size();
  if (bytes_ > most_)
    return false;
  if (line.starts_with("HTTP/")) { // also behind a whole one, to a request that libcurl has sent again
    complete_ = false;
    lines_.clear();
    status_ = status_of(line);
  }
  if (complete_)
    return true; // of a trailer
  lines_ += line;
  complete_ = trimmed(line).empty() && status_ >= 200;
  return true;
}

http::response http_answer::head() const {
  http::response made;
  made.status = status_;
  std::string_view rest{lines_};
  const auto next = [&rest] {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
  };
  const auto first = next();
  if (const auto version = first.find('/'); version != std::string_view::npos)
    made.version = first.substr(version + 1, first.find(' ', version) - version - 1);
  while (!rest.empty()) {
    const auto line = next();
    const auto colon = line.find(':');
    const bool is_folded = !line.empty() && (line.front() == ' ' || line.front() == '\t'); // of old
    if (colon != std::string_view::npos && !is_folded)
      made.headers.add(std::string{trimmed(line.substr(0, colon))},
                       std::string{trimmed(line.substr(colon + 1))});
  }
  return made;
}

} // namespace taskactor::detail
