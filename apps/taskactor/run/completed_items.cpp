#include "run/completed_items.hpp"

#include "cli/descriptors.hpp"
#include "cli/screen.hpp"
#include "cli/text.hpp"
#include "run/opening.hpp"
#include "run/report.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace taskactor::cli {

namespace {

constexpr std::size_t log_read_size = std::size_t{1} << 18;

[[noreturn]] void unreadable(const std::string& path, int error) {
  throw bad_report{"the report " + shell_quoted(path)
                   + " can't be read: " + std::generic_category().message(error)};
}

/// Calls `use(line, is_ended)` for each line of a file.
template <class F>
void for_each_line(const unique_fd& file, const std::string& path, run_control& control, F&& use) {
  if (!file)
    unreadable(path, errno);
  std::string kept;
  std::string buffer(log_read_size, '\0');
  for (;;) {
    if (!wait_readable(file.get(), control))
      throw stopped_early{};
    const auto size = ::read(file.get(), buffer.data(), buffer.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (size < 0)
      unreadable(path, errno);
    if (size == 0)
      break;
    std::string_view rest{buffer.data(), static_cast<std::size_t>(size)};
    for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
      kept.append(rest.substr(0, end));
      use(kept, true);
      kept.clear();
      rest.remove_prefix(end + 1);
    }
    kept.append(rest);
  }
  if (!kept.empty())
    use(kept, false);
}

/// The beginning of a line of a report, or what a file system may leave in its place after a power cut.
/// Anything else is somebody's file, and not for us to mend.
bool may_be_torn(std::string_view line) { return line.front() == '{' || line.front() == '\0'; }

} // namespace

completed_items::completed_items(const unique_fd& file, const std::string& path, screen& messages,
                                 run_control& control) {
  std::size_t number = 0;
  for_each_line(file, path, control, [&](std::string_view line, bool is_ended) {
    ++number;
    const auto read = read_reported(line);
    if (const auto* what = std::get_if<reported>(&read)) {
      if (what->completed)
        add(what->item);
      return;
    }
    const auto place = shell_quoted(path) + ':' + std::to_string(number);
    if (is_ended || !may_be_torn(line))
      throw bad_report{place + ": not a line of a report: " + std::get<std::string>(read)};
    messages.note(place + ": the last line is torn and doesn't count (a run was killed while it wrote it?)");
  });
  settle();
}

void completed_items::add(std::string_view item) {
  if (item.size() > std::numeric_limits<std::uint32_t>::max()) // no command could have had it
    return;
  entries_.push_back({bytes_.size(), static_cast<std::uint32_t>(item.size()), 1});
  bytes_.append(item);
}

/// Sorts, and makes one of those that are alike.
void completed_items::settle() {
  std::sort(entries_.begin(), entries_.end(),
            [this](const entry& a, const entry& b) { return item_of(a) < item_of(b); });
  auto last = entries_.begin();
  for (auto next = entries_.begin(); next != entries_.end(); ++next) {
    if (next == last)
      continue;
    if (item_of(*next) == item_of(*last))
      ++last->left;
    else
      *++last = *next;
  }
  if (last != entries_.end())
    entries_.erase(last + 1, entries_.end());
}

bool completed_items::take(std::string_view item) noexcept {
  const auto found
      = std::lower_bound(entries_.begin(), entries_.end(), item,
                         [this](const entry& each, std::string_view what) { return item_of(each) < what; });
  if (found == entries_.end() || found->left == 0 || item_of(*found) != item)
    return false;
  --found->left;
  return true;
}

bool same_file(const std::string& one, const std::string& other) {
  namespace fs = std::filesystem;
  std::error_code missing;
  if (fs::equivalent(one, other, missing))
    return true;
  const auto whole = [](const std::string& path) {
    std::error_code error;
    auto result = fs::weakly_canonical(fs::absolute(path, error), error);
    return error ? fs::path{path}.lexically_normal() : result;
  };
  return whole(one) == whole(other);
}

} // namespace taskactor::cli
