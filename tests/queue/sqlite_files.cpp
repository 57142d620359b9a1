// Which files a store is opened in, and what is said of the others. Nothing is written over.
#include "sqlite_world.hpp"

#include "queue/sqlite_file.hpp"
#include "queue/sqlite_schema.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sqlite_files {

using namespace queue_tests;
namespace fs = std::filesystem;

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream{path, std::ios::binary} << bytes;
}
std::string read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}
void refuses_file(const std::string& path, const std::string& words, bool create = true) {
  refuses(ta::errc::store_unusable, words, [&] { open_store(path, create); });
}

/// In a child without the superuser's rights: its exit code is zero if `what` returns true.
template <class What>
bool as_nobody(const What& what) {
  const auto child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0))
      ::_exit(2);
    bool well = false;
    try {
      well = what();
    } catch (...) {
    }
    ::_exit(well ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
bool is_refused(const std::string& path, const std::string& words) {
  try {
    open_store(path);
    return false;
  } catch (const ta::error& why) {
    return why.code() == ta::errc::store_unusable && why.message().find(words) != std::string::npos;
  }
}

} // namespace sqlite_files

using namespace sqlite_files;

BOOST_AUTO_TEST_SUITE(sqlite_files)

BOOST_AUTO_TEST_CASE(a_new_store_is_its_owners_alone_whatever_the_umask) {
  test::temporary_directory folder;
  for (const ::mode_t mask : {0000, 0077, 0777}) {
    const auto path = folder / std::to_string(mask);
    const auto before = ::umask(mask);
    const auto store = open_store(path);
    ::umask(before);
    struct ::stat info {};
    BOOST_REQUIRE(::stat(path.c_str(), &info) == 0);
    BOOST_TEST((info.st_mode & 0777) == 0600U);
    BOOST_REQUIRE(::stat((path + "-wal").c_str(), &info) == 0);
    BOOST_TEST((info.st_mode & 0777) == 0600U);
    BOOST_TEST(store->check().empty());
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_file_for_a_store) {
  test::temporary_directory folder;
  refuses_file("", "empty");
  refuses_file(folder.path(), "a folder");
  refuses_file(folder / "none/jobs.db", "folder can't be used");
  refuses_file(folder / "none.db", "no such store", false);
  BOOST_TEST(!fs::exists(folder / "none.db"));
  BOOST_REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  refuses_file(folder / "fifo", "no regular file");
  fs::create_symlink(folder / "nowhere", folder / "dangling");
  refuses_file(folder / "dangling", "doesn't lead to a file");
}

BOOST_AUTO_TEST_CASE(a_link_is_followed_and_the_store_knows_its_real_place) {
  test::temporary_directory folder;
  fs::create_directory(folder / "real");
  const auto real = fs::canonical(folder / "real").string() + "/jobs.db";
  open_store(real);
  fs::create_symlink(real, folder / "link.db");
  BOOST_TEST(open_store(folder / "link.db")->path() == real);
  fs::create_directory_symlink(folder / "real", folder / "way");
  BOOST_TEST(open_store(folder / "way/jobs.db")->path() == real);
}

BOOST_AUTO_TEST_CASE(a_folder_in_which_anybody_replaces_files) {
  test::temporary_directory folder;
  fs::create_directory(folder / "open");
  BOOST_REQUIRE(::chmod((folder / "open").c_str(), 0777) == 0);
  refuses_file(folder / "open/jobs.db", "chmod o-w");
  BOOST_TEST(fs::is_empty(folder / "open"));
  BOOST_REQUIRE(::chmod((folder / "open").c_str(), 01777) == 0);
  BOOST_TEST(open_store(folder / "open/jobs.db")->check().empty());
}

BOOST_AUTO_TEST_CASE(file_systems_whose_locks_do_not_hold) {
  for (const long type : {0x6969L, 0xff534d42L, 0xfe534d42L, 0x517bL, 0x01021997L})
    BOOST_TEST((td::refused_file_system(type) != nullptr));
  BOOST_TEST((td::refused_file_system(static_cast<std::int32_t>(0xff534d42)) != nullptr)); // a signed word
  for (const long type : {0xef53L, 0x01021994L, 0x65735546L, 0x58465342L, 0x9123683eL, 0x794c7630L})
    BOOST_TEST((td::refused_file_system(type) == nullptr)); // ext4, tmpfs, fuse, xfs, btrfs, overlayfs
}

BOOST_AUTO_TEST_CASE(what_is_no_database) {
  test::temporary_directory folder;
  const std::string text(5000, 'x');
  write_file(folder / "text", text);
  refuses_file(folder / "text", "no SQLite database");
  BOOST_TEST(read_file(folder / "text") == text);
  write_file(folder / "short", "no database");
  refuses_file(folder / "short", "no SQLite database");
  write_file(folder / "empty", ""); // is a database without tables
  BOOST_TEST(open_store(folder / "empty")->check().empty());
}

BOOST_AUTO_TEST_CASE(a_database_of_other_texts_is_left_as_it_is) {
  test::temporary_directory folder;
  {
    raw_connection theirs{folder / "wide"};
    BOOST_TEST(theirs.run("PRAGMA encoding = 'UTF-16'; CREATE TABLE letters(x)") == "");
  }
  const auto before = read_file(folder / "wide");
  refuses_file(folder / "wide", "aren't UTF-8");
  BOOST_TEST(read_file(folder / "wide") == before);
}

BOOST_AUTO_TEST_CASE(anothers_tables_beside_the_stores_are_welcome) {
  test::temporary_directory folder;
  {
    raw_connection other{folder / "app.db"};
    BOOST_TEST(other.run("CREATE TABLE app(a); INSERT INTO app VALUES(1); CREATE TABLE taskactors(a)") == "");
  }
  refuses_file(folder / "app.db", "no store in it", false);
  const auto store = open_store(folder / "app.db");
  const auto job = store_world::job();
  store->push({&job, 1});
  BOOST_TEST(store->check().empty());
  BOOST_TEST(raw_connection{folder / "app.db"}.one("SELECT a FROM app") == "1");
}

BOOST_AUTO_TEST_CASE(anothers_tables_of_the_stores_names) {
  test::temporary_directory folder;
  int number = 0;
  for (const auto* sql :
       {"CREATE TABLE taskactor_meta(a)", "CREATE TABLE taskactor_meta(name, value)",
        "CREATE TABLE taskactor_meta(name, value); INSERT INTO taskactor_meta VALUES('program', "
        "'other'), ('schema', 1)",
        "CREATE TABLE taskactor_job(id)", "CREATE VIEW taskactor_push AS SELECT 1"}) {
    const auto path = folder / std::to_string(++number);
    BOOST_TEST(raw_connection{path}.run(sql) == "");
    const auto before = read_file(path);
    refuses_file(path, "another program's");
    BOOST_TEST((read_file(path) == before));
  }
}

BOOST_AUTO_TEST_CASE(a_store_of_a_newer_release) {
  test::temporary_directory folder;
  const auto path = folder / "jobs.db";
  open_store(path);
  const auto say = [&](int schema) {
    BOOST_TEST(raw_connection{path}.run("UPDATE taskactor_meta SET value = " + std::to_string(schema)
                                        + " WHERE name = 'schema'")
               == "");
  };
  say(99);
  refuses_file(path, "99, of a newer release");
  say(td::sqlite_schema_version);
  BOOST_TEST(open_store(path)->check().empty());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written) {
  test::temporary_directory folder;
  BOOST_REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  open_store(folder / "jobs.db");
  BOOST_REQUIRE(::chmod((folder / "jobs.db").c_str(), 0444) == 0);
  fs::create_directory(folder / "own");
  if (::geteuid() == 0) {
    BOOST_REQUIRE(::chown((folder / "own").c_str(), 65534, 65534) == 0);
    fs::copy_file(folder / "jobs.db", folder / "own/jobs.db");
  } else {
    fs::copy_file(folder / "jobs.db", folder / "own/jobs.db");
  }
  BOOST_TEST(as_nobody([&] { return is_refused(folder / "own/jobs.db", "readable and writable"); }));
  BOOST_REQUIRE(::chmod((folder / "own").c_str(), 0555) == 0);
  BOOST_TEST(as_nobody([&] { return is_refused(folder / "own/new.db", "has to be writable"); }));
  BOOST_TEST(as_nobody([&] { return is_refused(folder / "own/jobs.db", "has to be writable"); }));
  BOOST_REQUIRE(::chmod((folder / "own").c_str(), 0755) == 0);
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_said_to_be_so_and_left_as_it_is) {
  test::temporary_directory folder;
  const auto path = folder / "jobs.db";
  {
    const auto store = open_store(path);
    const std::vector<td::new_job> jobs(8000, store_world::job());
    store->push(jobs);
  }
  auto bytes = read_file(path);
  const auto pages = bytes.size() / 4096;
  BOOST_REQUIRE(pages > 100U);
  for (auto page = pages / 2; page < pages; ++page) // of rows: those of the schema come first
    bytes.replace(page * 4096, 4096, std::string(4096, '\xa5'));
  write_file(path, bytes);
  {
    const auto store = open_store(path);
    BOOST_TEST(!store->check().empty());
    refuses(ta::errc::store_unusable, "damaged", [&] {
      for (int i = 0; i < 100; ++i) {
        td::runner_key runner{"r", 1};
        store->claim({runner,
                      {{.queue = "q", .free = 500}},
                      std::make_shared<const td::known_tasks>(td::known_tasks{{"a", ""}})});
      }
    });
  }
  bytes = read_file(path);
  bytes.replace(100, 3000, std::string(3000, '\xff')); // of the schema
  write_file(path, bytes);
  refuses_file(path, "damaged");
  BOOST_TEST((read_file(path) == bytes));
}

BOOST_AUTO_TEST_CASE(a_log_that_has_grown_beside_a_reader_is_cut) {
  test::temporary_directory folder;
  const auto path = folder / "jobs.db";
  const auto log = [&] { return fs::file_size(path + "-wal"); };
  const auto store = open_store(path);
  const auto push = [&](std::uintmax_t bytes) {
    auto job = store_world::job();
    job.row.arguments = std::string(bytes, 'x');
    store->push(std::vector{job});
  };
  constexpr std::uintmax_t limit = 32U << 20U, much = 1U << 20U;
  {
    raw_connection reader{path};
    BOOST_TEST(reader.run("BEGIN; SELECT count(*) FROM taskactor_job") == "");
    for (int i = 0; i < 40; ++i)
      push(much);
    BOOST_TEST(log() > limit);
  }
  for (int i = 0; i < 3; ++i) // the log is copied into the file, and begun anew
    push(1);
  BOOST_TEST(log() <= limit);
}

BOOST_AUTO_TEST_CASE(a_file_that_was_deleted_moved_or_replaced) {
  test::temporary_directory folder;
  const auto path = folder / "jobs.db";
  const auto job = store_world::job();
  const auto is_gone = [&](td::sqlite_backend& store) {
    refuses(ta::errc::store_unusable, "deleted, moved, or replaced", [&] { store.push({&job, 1}); });
    refuses(ta::errc::store_unusable, "deleted, moved, or replaced", [&] {
      td::runner_beat beat;
      beat.runner = {"r", 1};
      store.renew(beat);
    });
  };
  auto store = open_store(path);
  store->push({&job, 1});
  fs::remove(path);
  is_gone(*store);
  store.reset();
  for (const auto* beside : {"-wal", "-shm"})
    fs::remove(path + beside);

  store = open_store(path);
  open_store(folder / "other.db");
  fs::rename(folder / "other.db", path);
  is_gone(*store);
}

BOOST_AUTO_TEST_SUITE_END()
