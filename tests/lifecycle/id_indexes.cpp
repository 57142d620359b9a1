#include "bodies.hpp"
#include "lifecycle/id_index.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <random>

namespace id_indexes {
using namespace taskactor::detail;
} // namespace id_indexes

BOOST_AUTO_TEST_SUITE(id_indexes)

BOOST_AUTO_TEST_CASE(it_is_a_map_whatever_is_put_in_and_taken_out_also_with_hashes_that_collide) {
  for (const std::size_t spread : {std::size_t{3}, std::size_t{64}, ~std::size_t{0}}) {
    std::mt19937 random{11};
    id_index index;
    std::map<std::string, ref<record>> model;
    auto hash = [spread](const std::string& id) { return id_index::hash(id) % spread; };
    for (int step = 0; step < 20'000; ++step) {
      const auto id = std::to_string(random() % 400);
      const auto known = model.find(id);
      BOOST_REQUIRE(index.find(id, hash(id)) == (known == model.end() ? nullptr : known->second.get()));
      if (known == model.end()) {
        ref<record> task = make_body([] {});
        task->id = id;
        index.insert(task, hash(id));
        model.emplace(id, task);
      } else {
        BOOST_REQUIRE(index.remove(*known->second, hash(id)) == known->second);
        BOOST_REQUIRE(!index.remove(*known->second, hash(id)));
        model.erase(known);
      }
      BOOST_REQUIRE(index.size() == model.size());
    }
    std::size_t seen = 0;
    index.each([&](const ref<record>& task) { seen += model.count(task->id); });
    BOOST_TEST(seen == model.size());
  }
}

BOOST_AUTO_TEST_SUITE_END()
