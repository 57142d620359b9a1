/// Certificates for servers of tests: by an authority made for them, and such as a client has to refuse.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace test {

/// Makes files `NAME.pem` and `NAME.key` in a folder. Errors: `std::runtime_error` with OpenSSL's words.
class certificate_authority {
public:
  struct validity {
    long from_days, to_days; ///< from now
  };
  static constexpr validity valid{-1, 365};
  static constexpr validity expired{-30, -1};

  explicit certificate_authority(std::filesystem::path folder);
  ~certificate_authority();

  /// What clients are to trust.
  std::filesystem::path file() const { return folder_ / "authority.pem"; }
  /// Names as OpenSSL writes them: `DNS:localhost`, `IP:127.0.0.1`.
  void issue(const std::string& name, const std::string& names, validity when = valid) const;
  /// Signed by nobody but its own key.
  void make_self_signed(const std::string& name, const std::string& names) const;

private:
  struct pair;
  pair make(const std::string& subject, const std::string& names, validity when, const pair* issuer) const;
  void write(const std::string& name, const pair& what) const;

  const std::filesystem::path folder_;
  std::unique_ptr<pair> root_;
};

} // namespace test
