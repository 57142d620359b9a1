/// Lists of strings, as system calls want them.
#pragma once

#include <string>
#include <vector>

namespace taskactor::detail {

/// Good as long as the strings. The old signatures want them writable; nobody writes to one.
inline std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const auto& text : strings)
    result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

} // namespace taskactor::detail
