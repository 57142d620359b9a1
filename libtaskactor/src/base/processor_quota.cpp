#include "base/processor_quota.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

namespace taskactor::detail {

namespace {

std::vector<std::string> parts(const std::string& text, char separator) {
  std::vector<std::string> result;
  std::istringstream from{text};
  for (std::string each; std::getline(from, each, separator);)
    result.push_back(each);
  return result;
}

bool has(const std::vector<std::string>& list, std::string_view what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

/// mountinfo has blanks and backslashes as "\040": in octal.
std::string unescaped(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 3 < text.size();
    result += escape ? static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8)) : text[i];
    i += escape ? 3 : 0;
  }
  return result;
}

/// Where the groups that count processors' time are mounted, and which of them is shown there as "/".
struct hierarchy {
  bool unified = false; // version 2
  std::string top{};
  std::string point{};
};

std::vector<hierarchy> hierarchies(const std::string& root) {
  std::vector<hierarchy> result;
  std::ifstream from{root + "/proc/self/mountinfo"};
  for (std::string line; std::getline(from, line);) {
    const auto words = parts(line, ' ');
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 5 || words.end() - dash < 4)
      continue;
    const bool unified = dash[1] == "cgroup2";
    if (unified || (dash[1] == "cgroup" && has(parts(dash[3], ','), "cpu")))
      result.push_back({unified, unescaped(words[3]), unescaped(words[4])});
  }
  return result;
}

/// The path of this process's group in a hierarchy.
std::optional<std::string> group_in(const std::string& root, bool unified) {
  std::ifstream from{root + "/proc/self/cgroup"};
  for (std::string line; std::getline(from, line);) { // "0::/a/b", "4:cpu,cpuacct:/a/b"
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos)
      continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    if (unified ? line.starts_with("0::") : has(parts(controllers, ','), "cpu"))
      return line.substr(second + 1);
  }
  return {};
}

/// Below the mount's point; a group that isn't shown there counts as the one that is.
std::string below(const hierarchy& where, const std::string& group) {
  const auto top = where.top == "/" ? std::string{} : where.top;
  const bool shown = group.starts_with(top) && (group.size() == top.size() || group[top.size()] == '/');
  const auto rest = shown ? group.substr(top.size()) : std::string{};
  return rest == "/" || rest.find("..") != rest.npos ? std::string{} : rest;
}

std::optional<double> quota_of(const std::string& folder, bool unified) {
  double quota = 0, period = 0;
  if (unified) {
    std::ifstream{folder + "/cpu.max"} >> quota >> period; // "max" is no number
  } else {
    std::ifstream{folder + "/cpu.cfs_quota_us"} >> quota; // -1: none
    std::ifstream{folder + "/cpu.cfs_period_us"} >> period;
  }
  return quota > 0 && period > 0 ? std::optional{quota / period} : std::nullopt;
}

} // namespace

std::optional<double> processor_quota(const std::string& root) {
  std::optional<double> least;
  for (const auto& each : hierarchies(root)) {
    const auto group = group_in(root, each.unified);
    if (!group)
      continue;
    for (auto rest = below(each, *group);; rest.erase(rest.rfind('/'))) {
      if (const auto quota = quota_of(root + each.point + rest, each.unified))
        least = std::min(*quota, least.value_or(*quota));
      if (rest.find('/') == rest.npos)
        break;
    }
  }
  return least;
}

} // namespace taskactor::detail
