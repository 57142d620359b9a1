// The store in a SQLite file takes part in the tests of all stores.
#include "backends.hpp"
#include "queue/sqlite_backend.hpp"
#include "support/temporary_directory.hpp"

#include <taskactor/error.hpp>

#include <filesystem>
#include <vector>

namespace sqlite_stores {

const queue_tests::register_store in_sqlite{
    {.name = "SQLite",
     .open =
         [](const std::string& folder, queue_tests::store_clock clock) {
           return std::make_unique<taskactor::detail::sqlite_backend>(taskactor::detail::sqlite_options{
               .path = folder + "/jobs.db", .is_durable = false, .clock = std::move(clock)});
         },
     .lasts = true}};

} // namespace sqlite_stores

using namespace queue_tests;

BOOST_AUTO_TEST_SUITE(sqlite_stores)

BOOST_AUTO_TEST_CASE(is_one_of_those_that_are_tested) {
  BOOST_TEST(std::ranges::any_of(store_kinds(), [](const auto& kind) { return kind.name == "SQLite"; }));
}

BOOST_AUTO_TEST_CASE(a_backup_is_a_store_of_its_own_and_nothing_is_written_over) {
  const test::temporary_directory folder;
  const std::filesystem::path root{folder.path()};
  const auto copy = root / "copy.db";
  const auto open = [](const std::filesystem::path& which) {
    return taskactor::detail::sqlite_backend{{.path = which.string()}};
  };
  auto store = open(root / "jobs.db");
  const auto job = store_world::job();
  const auto id = store.push({&job, 1}).at(0).id;
  store.backup(copy.string());
  BOOST_TEST((std::filesystem::status(copy).permissions() == std::filesystem::perms{0600}));
  auto there = open(copy);
  BOOST_TEST(there.find(std::vector{id}).size() == 1U);
  BOOST_TEST(there.check().empty());
  BOOST_CHECK_EXCEPTION(store.backup(copy.string()), taskactor::error, [](const auto& why) {
    return why.code() == taskactor::errc::invalid_argument
           && why.message().find("give a name that is free") != std::string::npos;
  });
  BOOST_CHECK_EXCEPTION(store.backup((root / "none" / "copy.db").string()), taskactor::error,
                        [](const auto& why) { return why.code() == taskactor::errc::invalid_argument; });
  BOOST_TEST(open(copy).find(std::vector{id}).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
