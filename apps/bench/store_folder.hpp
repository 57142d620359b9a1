/// A folder for the stores of one sample, gone with it: below TMPDIR or /tmp, as those of the peers are, so
/// that a commit costs all sides the same. No taskactor in it: the bare loop of the peers uses it too.
#pragma once

#include <filesystem>
#include <string>

namespace bench {

class store_folder {
public:
  /// Errors: `std::system_error`.
  store_folder();
  store_folder(const store_folder&) = delete;
  store_folder& operator=(const store_folder&) = delete;
  ~store_folder();

  std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
  std::filesystem::path path_;
};

/// What such folders lie on: "/tmp, ext4".
std::string store_place();

} // namespace bench
