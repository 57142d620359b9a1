// The store on PostgreSQL takes part in the tests of all stores.
#include "backends.hpp"
#include "postgres/postgres_backend.hpp"
#include "support/postgres_server.hpp"

#include <algorithm>

namespace postgres_stores {

/// A world's folder has a schema of its own.
std::string schema_of(const std::string& folder) {
  auto name = "s" + std::to_string(std::hash<std::string>{}(folder));
  return name;
}
const std::string& database() {
  static const std::string one = test::postgres_server::shared().new_database();
  return one;
}

const queue_tests::register_store in_postgres{
    {.name = "PostgreSQL",
     .open =
         [](const std::string& folder, queue_tests::store_clock clock) {
           return std::make_unique<taskactor::detail::postgres_backend>(
               taskactor::detail::postgres_options{.where = database(), .schema = schema_of(folder)},
               std::move(clock));
         },
     .lasts = true,
     .is_far = true,
     .has_edges = false}};

} // namespace postgres_stores

using namespace queue_tests;

BOOST_AUTO_TEST_SUITE(postgres_stores)

BOOST_AUTO_TEST_CASE(is_one_of_those_that_are_tested) {
  BOOST_TEST(std::ranges::any_of(store_kinds(), [](const auto& kind) { return kind.name == "PostgreSQL"; }));
}

BOOST_AUTO_TEST_SUITE_END()
