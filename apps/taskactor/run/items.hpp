/// Where a run's items come from.
#pragma once

#include "cli/descriptors.hpp"

#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace taskactor::cli {

class run_control;
class used_files;
struct run_options;

struct unreadable_items : std::system_error {
  using std::system_error::system_error;
};

class item_source {
public:
  virtual ~item_source() = default;
  /// The next item; none at the end, or when the run is stopped. Blocks until there is one.
  /// Errors: `unreadable_items`.
  virtual std::optional<std::string> next() = 0;
  /// `next` wouldn't wait.
  virtual bool at_hand() const = 0;
  /// How many there are in all, once that is known. May be called from any thread.
  std::optional<std::size_t> total() const noexcept {
    const auto known = total_.load();
    return known == unknown ? std::nullopt : std::optional{known};
  }

protected:
  static constexpr std::size_t unknown = std::numeric_limits<std::size_t>::max();
  std::atomic<std::size_t> total_{unknown};
};

/// The arguments after `:::`.
class listed_items final : public item_source {
public:
  explicit listed_items(std::vector<std::string> items) : items_(std::move(items)) { total_ = items_.size(); }
  std::optional<std::string> next() override;
  bool at_hand() const override { return true; }

private:
  std::vector<std::string> items_;
  std::size_t next_ = 0;
};

/// What a file or a pipe holds, as it comes. Reads ahead what is there already, up to a bound, so that the
/// number of items is known early where it can be.
class read_items final : public item_source {
public:
  read_items(unique_fd file, std::string name, char delimiter, run_control& control);
  std::optional<std::string> next() override;
  bool at_hand() const override;

private:
  std::optional<std::string> cut();
  bool readable() const;
  void read();

  unique_fd file_;
  std::string name_;
  char delimiter_;
  run_control& control_;
  std::string buffer_;
  std::size_t begin_ = 0;   // of what wasn't handed out yet
  std::size_t scanned_ = 0; // no delimiter before this
  std::size_t handed_out_ = 0;
  bool ended_ = false;
};

/// Errors: `unreadable_items` for a file that can't be opened; `file_in_use` for one that is standard output
/// or error as well.
std::unique_ptr<item_source> open_items(const run_options& options, run_control& control, used_files& files);

} // namespace taskactor::cli
