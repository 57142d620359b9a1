// The store in memory takes part in the tests of all stores.
#include "backends.hpp"
#include "queue/memory_backend.hpp"

namespace memory_stores {

const queue_tests::register_store in_memory{
    {.name = "memory", .open = [](const std::string&, queue_tests::store_clock clock) {
       return std::make_unique<taskactor::detail::memory_backend>(std::move(clock));
     }}};

} // namespace memory_stores

using namespace queue_tests;

BOOST_AUTO_TEST_SUITE(memory_stores)

BOOST_AUTO_TEST_CASE(is_one_of_those_that_are_tested) {
  BOOST_TEST(std::ranges::any_of(store_kinds(), [](const auto& kind) { return kind.name == "memory"; }));
}

BOOST_AUTO_TEST_SUITE_END()
