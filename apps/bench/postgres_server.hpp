/// The server of the works on PostgreSQL, and of their peers, for as long as such a work goes on: Debian's,
/// in a folder below TMPDIR or /tmp, as an ordinary user, on a socket. Its settings are its defaults: a
/// commit waits for the disk. The peers learn of it by the environment variable
/// TASKACTOR_BENCH_POSTGRES, its address.
#pragma once

#include <memory>
#include <string>

namespace bench {

/// It ends with what this gives: nothing, if there is one already, or no PostgreSQL here. With Redis, for the
/// peers that keep their jobs there. Errors: `std::runtime_error`. For the main thread alone.
std::shared_ptr<void> make_postgres_server();

/// A schema of the server for one store, gone with it. Errors: `std::runtime_error`.
class postgres_schema {
public:
  postgres_schema();
  postgres_schema(const postgres_schema&) = delete;
  postgres_schema& operator=(const postgres_schema&) = delete;
  ~postgres_schema();

  const std::string& name() const noexcept { return name_; }
  /// With it as the search path.
  void run(const std::string& script) const;

private:
  std::string name_;
};

/// Errors: `std::runtime_error`: there is none.
std::string postgres_address();

} // namespace bench
