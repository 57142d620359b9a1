/// The address of a store on a server, as users give it where others have a file.
#pragma once

#include <string>

namespace taskactor::cli {

/// It is the address of a store on PostgreSQL, not a file.
bool is_server(const std::string& store);
/// A password stands in the address: who can list processes reads what is on a command line.
bool has_password(const std::string& address);
/// Why such an address is refused where others can read it.
inline constexpr const char* password_advice
    = "the address has a password in it, which everybody on this machine can read while the program runs: "
      "put "
      "it into a password file (~/.pgpass, or PGPASSFILE) or a service file (postgresql://?service=NAME)";

} // namespace taskactor::cli
