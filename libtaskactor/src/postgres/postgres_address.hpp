/// `postgres_address`: where a server is, as libpq takes it: a URL, or words; perhaps with several hosts, of
/// which each can be asked by itself: libpq goes on to the next when one refuses, and waits for one that says
/// nothing for as long as it may.
///
/// Threads: one at a time.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

struct pg_conn;

namespace taskactor::detail {

class postgres_address {
public:
  /// Errors: `error{errc::invalid_argument}`, in which nothing is quoted that may be a password.
  explicit postgres_address(const std::string& where);
  /// A connection is there, and isn't made again.
  static postgres_address of_caller() { return {}; }
  bool is_callers() const noexcept { return hosts_.empty(); }

  /// Without what is secret, for messages.
  const std::string& place() const noexcept { return place_; }
  std::size_t hosts() const noexcept { return hosts_.size(); }
  /// That is asked next: the one that was asked last, unless `go_on` was said since.
  std::string next_host() const;
  void go_on() noexcept { next_ = (next_ + 1) % hosts_.size(); }
  /// Begins to connect to it. Errors: `std::bad_alloc`.
  pg_conn* start(bool read_write) const;

private:
  using words = std::vector<std::pair<std::string, std::string>>;

  postgres_address() = default;

  std::string place_ = "the caller's connection";
  words said_; // what the address lacks, for all of its hosts
  std::string where_;
  std::vector<words> hosts_; // what is said of each alone
  std::size_t next_ = 0;
};

/// What libpq has said, in one line.
std::string postgres_words(const char* said);

} // namespace taskactor::detail
