#include "support/postgres_server.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <pwd.h>
#include <unistd.h>

namespace test {

namespace {

namespace fs = std::filesystem;

std::string newest_programs() {
  std::string best;
  int newest = 0;
  std::error_code none;
  for (const auto& each : fs::directory_iterator{"/usr/lib/postgresql", none})
    if (const int version = std::atoi(each.path().filename().c_str());
        version > newest && fs::exists(each.path() / "bin" / "postgres")) {
      newest = version;
      best = each.path() / "bin";
    }
  if (best.empty())
    throw std::runtime_error{"there is no PostgreSQL server: install Debian's package postgresql"};
  return best;
}

} // namespace

std::string postgres_server::programs() { return newest_programs(); }

postgres_server& postgres_server::shared() {
  static postgres_server one;
  return one;
}

postgres_server::postgres_server() {
  std::string made = (fs::temp_directory_path() / "taskactor_postgres_XXXXXX").string();
  if (::mkdtemp(made.data()) == nullptr)
    throw std::runtime_error{"there is no folder for the server"};
  folder_ = made;
  if (::geteuid() == 0) {
    const passwd* const nobody = ::getpwnam("nobody");
    if (nobody == nullptr || ::chown(folder_.c_str(), nobody->pw_uid, nobody->pw_gid) != 0)
      throw std::runtime_error{"there is no user for the server: it doesn't run as root"};
    as_ = "setpriv --reuid=" + std::to_string(nobody->pw_uid) + " --regid=" + std::to_string(nobody->pw_gid)
          + " --clear-groups ";
  }
  run(programs() + "/initdb -D " + folder_ + "/data -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync");
  std::ofstream{folder_ + "/settings"}
      << "listen_addresses = ''\nunix_socket_directories = '" << folder_
      << "'\nmax_connections = 60\nshared_buffers = 64MB\nmax_wal_size = 1GB\n"
         "log_line_prefix = '%m %p '\nlog_min_messages = warning\n"
         "deadlock_timeout = 200ms\n";
  run("sh -c 'cat >> " + folder_ + "/data/postgresql.conf' < " + folder_ + "/settings");
  start();
}

postgres_server::~postgres_server() {
  try {
    stop();
  } catch (const std::exception& why) {
    std::fprintf(stderr, "%s\n", why.what());
  }
  std::error_code none;
  fs::remove_all(folder_, none);
}

void postgres_server::run(const std::string& command) const {
  const auto said = folder_ + "/../" + fs::path{folder_}.filename().string() + ".said";
  const auto whole = "cd " + folder_ + " && " + as_ + command + " >" + said + " 2>&1";
  const int code = std::system(whole.c_str()); // NOLINT: one thread, a test's
  std::ostringstream text;
  text << std::ifstream{said}.rdbuf();
  fs::remove(said);
  if (code != 0)
    throw std::runtime_error{command + ": " + text.str()};
}

void postgres_server::start() {
  run(programs() + "/pg_ctl -D " + folder_ + "/data -l " + folder_ + "/data/log -w -t 60 start");
}
void postgres_server::stop() {
  if (fs::exists(folder_ + "/data/postmaster.pid"))
    run(programs() + "/pg_ctl -D " + folder_ + "/data -m immediate -w -t 60 stop");
}
void postgres_server::stop_fast() {
  run(programs() + "/pg_ctl -D " + folder_ + "/data -m fast -w -t 60 stop");
}

std::string postgres_server::url(const std::string& database, const std::string& user) const {
  return "postgresql://" + user + "@/" + database + "?host=" + folder_;
}

std::string postgres_server::new_database() {
  // A child of this process has a counter of its own.
  const auto name = "t" + std::to_string(::getpid()) + "_" + std::to_string(++databases_);
  run(programs() + "/createdb -h " + folder_ + " -U postgres " + name);
  return url(name);
}

void postgres_server::signal_all(int signal) const {
  std::ifstream file{folder_ + "/data/postmaster.pid"};
  long leader = 0;
  file >> leader;
  for (const auto& each : fs::directory_iterator{"/proc"}) {
    const long pid = std::atol(each.path().filename().c_str());
    if (pid <= 0)
      continue;
    std::ifstream stat{each.path() / "stat"};
    std::string text;
    std::getline(stat, text);
    const auto end = text.rfind(')');
    if (end == std::string::npos)
      continue;
    std::istringstream rest{text.substr(end + 2)};
    char state = 0;
    long parent = 0;
    rest >> state >> parent;
    if (pid == leader || parent == leader)
      ::kill(static_cast<pid_t>(pid), signal);
  }
}

} // namespace test
