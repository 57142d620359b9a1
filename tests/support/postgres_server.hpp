/// A PostgreSQL server of the test program's own, from Debian's package, in a folder that goes with it: as an
/// ordinary user (nobody, if the tests are root), on a socket in that folder, without TCP.
#pragma once

#include <string>

namespace test {

class postgres_server {
public:
  /// Started once, and stopped when the program ends. Errors: `std::runtime_error`: what it said.
  static postgres_server& shared();

  postgres_server();
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;
  ~postgres_server();

  /// A database, empty and new, as libpq has its address.
  std::string new_database();
  /// Of the superuser, in that database.
  std::string url(const std::string& database, const std::string& user = "postgres") const;
  void stop();      // at once, as a crash
  void stop_fast(); // sessions are ended, and what they do is undone
  void start();
  /// SIGSTOP or SIGCONT for all of its processes.
  void signal_all(int signal) const;
  const std::string& folder() const noexcept { return folder_; }
  /// Of PostgreSQL's programs: where they are.
  static std::string programs();
  /// A command, as the server's user. Errors: `std::runtime_error`: what it said.
  void run(const std::string& command) const;

private:
  std::string folder_, as_;
  int databases_ = 0;
};

} // namespace test
