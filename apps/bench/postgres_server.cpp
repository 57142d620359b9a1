#include "postgres_server.hpp"

#include "redis_server.hpp"
#include "server_process.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <libpq-fe.h>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace bench {

namespace {

namespace fs = std::filesystem;

constexpr const char* postgres_variable = "TASKACTOR_BENCH_POSTGRES";

/// Where the programs of the newest one are; empty: there is none.
fs::path postgres_programs() {
  fs::path best;
  int newest = 0;
  std::error_code none;
  for (const auto& each : fs::directory_iterator{"/usr/lib/postgresql", none})
    if (const int version = std::atoi(each.path().filename().c_str());
        version > newest && fs::exists(each.path() / "bin" / "postgres")) {
      newest = version;
      best = each.path() / "bin";
    }
  return best;
}

bool postgres_answers(const std::string& address) { return ::PQping(address.c_str()) == PQPING_OK; }

class postgres_server {
public:
  explicit postgres_server(const fs::path& bin) : server_("postgres") {
    const auto folder = server_.folder().string();
    const auto data = folder + "/data";
    server_.run(
        {"sh", "-c",
         (bin / "initdb").string() + " -D data -U postgres -A trust -E UTF8 --locale=C.UTF-8 >log 2>&1"});
    server_.start({"sh", "-c",
                   "exec " + (bin / "postgres").string() + " -D data -k '" + folder
                       + "' -c listen_addresses= >>log 2>&1"});
    const auto address = "postgresql://postgres@/postgres?host=" + folder;
    server_.await(postgres_answers, address);
    ::setenv(postgres_variable, address.c_str(), 1);
  }
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;
  ~postgres_server() { ::unsetenv(postgres_variable); }

private:
  server_process server_;
};

void run_on_server(const std::string& script) {
  auto* const connection = ::PQconnectdb(postgres_address().c_str());
  auto* const made = ::PQexec(connection, script.c_str());
  const bool good = ::PQresultStatus(made) == PGRES_COMMAND_OK || ::PQresultStatus(made) == PGRES_TUPLES_OK;
  const std::string why = good ? "" : ::PQerrorMessage(connection);
  ::PQclear(made);
  ::PQfinish(connection);
  if (!good)
    throw std::runtime_error{"PostgreSQL: " + why};
}

} // namespace

std::shared_ptr<void> make_postgres_server() {
  auto redis = make_redis_server();
  const auto bin = postgres_programs();
  if (std::getenv(postgres_variable) != nullptr || bin.empty())
    return redis;
  return std::make_shared<std::pair<std::shared_ptr<void>, std::unique_ptr<postgres_server>>>(
      std::move(redis), std::make_unique<postgres_server>(bin));
}

std::string postgres_address() {
  const char* const set = std::getenv(postgres_variable);
  if (set == nullptr)
    throw std::runtime_error{"there is no PostgreSQL server: install Debian's package postgresql"};
  return set;
}

postgres_schema::postgres_schema() {
  static std::atomic<int> last{0};
  name_ = "bench_" + std::to_string(::getpid()) + '_' + std::to_string(++last);
}

postgres_schema::~postgres_schema() {
  try {
    run_on_server("SET client_min_messages = error; DROP SCHEMA IF EXISTS " + name_ + " CASCADE");
  } catch (const std::exception&) { // NOLINT: it goes with the server
  }
}

void postgres_schema::run(const std::string& script) const {
  run_on_server("SET search_path = " + name_ + ";" + script);
}

} // namespace bench
