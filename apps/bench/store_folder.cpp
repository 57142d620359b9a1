#include "store_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

namespace bench {

namespace {

namespace fs = std::filesystem;

/// As the kernel names it; the mount that begins most of the path is the one.
std::string file_system_of(const fs::path& path) {
  std::string found, at;
  std::ifstream mounts{"/proc/self/mounts"};
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words{line};
    std::string device, where, type;
    words >> device >> where >> type;
    const auto rest = path.lexically_relative(where);
    if (!rest.empty() && *rest.begin() != ".." && where.size() >= at.size()) {
      found = type;
      at = where;
    }
  }
  return found;
}

} // namespace

store_folder::store_folder() {
  auto name = (fs::temp_directory_path() / "taskactor-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    throw std::system_error{errno, std::generic_category(), name};
  path_ = name;
}

store_folder::~store_folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string store_place() {
  std::error_code ignored;
  const auto folder = fs::canonical(fs::temp_directory_path(ignored), ignored);
  return folder.string() + ", " + file_system_of(folder);
}

} // namespace bench
