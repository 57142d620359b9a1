/// A directory of its own for a test, gone with it.
#pragma once

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace test {

class temporary_directory {
public:
  temporary_directory() : path_((std::filesystem::temp_directory_path() / "taskactor-XXXXXX").string()) {
    BOOST_REQUIRE(::mkdtemp(path_.data()) != nullptr);
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

} // namespace test
