/// A store in a file of its own, and a connection beside it: another program's.
#pragma once

#include "backends.hpp"
#include "queue/sqlite_backend.hpp"

#include <taskactor/error.hpp>

#include <boost/test/unit_test.hpp>

#include <sqlite3.h>

#include <memory>
#include <string>
#include <vector>

namespace queue_tests {

/// Another program's.
class raw_connection {
public:
  explicit raw_connection(const std::string& path) {
    BOOST_REQUIRE_EQUAL(::sqlite3_open(path.c_str(), &handle_), SQLITE_OK);
  }
  raw_connection(const raw_connection&) = delete;
  raw_connection& operator=(const raw_connection&) = delete;
  ~raw_connection() { ::sqlite3_close(handle_); }

  sqlite3* get() const { return handle_; }
  /// What SQLite says; empty: it is well.
  std::string run(const std::string& sql) {
    const int code = ::sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? std::string{} : ::sqlite3_errmsg(handle_);
  }
  /// The first column of all rows.
  std::vector<std::string> rows(const std::string& sql) {
    std::vector<std::string> all;
    const auto add = [](void* to, int, char** values, char**) {
      static_cast<std::vector<std::string>*>(to)->emplace_back(values[0] ? values[0] : "NULL");
      return 0;
    };
    BOOST_TEST(::sqlite3_exec(handle_, sql.c_str(), add, &all, nullptr) == SQLITE_OK);
    return all;
  }
  std::string one(const std::string& sql) {
    const auto all = rows(sql);
    return all.size() == 1 ? all.front() : std::to_string(all.size()) + " rows";
  }

private:
  sqlite3* handle_ = nullptr;
};

inline std::unique_ptr<td::sqlite_backend> open_store(const std::string& path, bool create = true,
                                                      std::chrono::milliseconds busy_limit = 10s) {
  return std::make_unique<td::sqlite_backend>(td::sqlite_options{
      .path = path, .create = create, .is_durable = false, .busy_limit = busy_limit, .clock = {}});
}

/// That `what` throws an error of this code, whose message has these words.
template <class What>
void refuses(ta::errc code, const std::string& words, const What& what) {
  try {
    what();
    BOOST_ERROR("nothing was refused: " + words);
  } catch (const ta::error& why) {
    BOOST_TEST((why.code() == code), why.what());
    BOOST_TEST(why.message().find(words) != std::string::npos, why.message() + ", not: " + words);
  }
}

} // namespace queue_tests
