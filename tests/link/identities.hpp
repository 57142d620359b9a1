/// Two authorities, and identities of theirs: made once for a program of tests.
#pragma once

#include <link/link_terms.hpp>

#include <taskactor/link/certificates.hpp>

#include <support/temporary_directory.hpp>

#include <filesystem>
#include <string>

namespace test {

class identities {
public:
  identities() {
    taskactor::make_authority(ours);
    taskactor::make_authority(theirs);
    for (const char* name : {"alpha", "beta"})
      taskactor::make_certificate(ours, {name});
    taskactor::make_certificate(theirs, {"alpha"});
  }
  static taskactor::detail::link_identity of(const std::filesystem::path& directory, const std::string& name) {
    return {directory / "authority.pem", directory / (name + ".pem"), directory / (name + ".key")};
  }
  taskactor::detail::link_identity alpha() const { return of(ours, "alpha"); }
  taskactor::detail::link_identity beta() const { return of(ours, "beta"); }
  /// Of the other authority, and believing ours.
  taskactor::detail::link_identity stranger() const {
    auto result = of(theirs, "alpha");
    result.authority = ours / "authority.pem";
    return result;
  }

  const temporary_directory folder;
  const std::filesystem::path ours = folder / "ours", theirs = folder / "theirs";
};

} // namespace test
