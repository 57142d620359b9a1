/// `tls_credentials`: what this side shows of itself, and whom it believes: the files of a `link_identity`,
/// read again when they have changed.
///
/// Threads: any.
#pragma once

#include "transport/link_options.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <optional>

#include <sys/types.h>

struct ssl_ctx_st;

namespace taskactor::detail {

class tls_credentials {
public:
  explicit tls_credentials(link_identity files);

  /// For the next connection. Errors: `link_failure` (`no_identity`); its text names the file, and what is
  /// wrong with it.
  std::shared_ptr<ssl_ctx_st> context();

private:
  struct stamp {
    dev_t device = 0;
    ino_t file = 0;
    off_t size = 0;
    std::int64_t changed = 0;
    bool operator==(const stamp&) const = default;
  };
  using stamps = std::array<stamp, 3>;
  stamps look() const;

  const link_identity files_;
  std::mutex mutex_; // what follows
  std::optional<stamps> seen_;
  std::shared_ptr<ssl_ctx_st> context_;
};

} // namespace taskactor::detail
