// When a gather is complete: the count of what is under way, with the looks of two slots at it interleaved by
// hand.
#include <boost/test/unit_test.hpp>
#include <taskactor/detail/gather_slot.hpp>
#include <taskactor/detail/gather_state.hpp>
#include <taskactor/taskactor.hpp>

#include <utility>

namespace ta = taskactor;

namespace gather_ends {

using namespace ta::detail;

/// Its items are counted by the test; while one slot looks whether there are more, another may take the last.
class counted_gather final : public gather_state {
public:
  explicit counted_gather(manager_core& home) : gather_state(home, {}, {}) { retain(); }
  bool takes_last = false;

private:
  ref<gather_slot> make_slot() override { return {}; }
  bool has_items() const noexcept override {
    if (std::exchange(const_cast<counted_gather*>(this)->takes_last, false)) // NOLINT
      const_cast<counted_gather*>(this)->progress.begin();                   // NOLINT
    return false;
  }
};

} // namespace gather_ends

BOOST_AUTO_TEST_SUITE(gather_ends)

BOOST_AUTO_TEST_CASE(an_item_taken_between_two_looks_is_waited_for) {
  ta::task_manager tasks;
  counted_gather gather{core_of(tasks)};
  gather.progress.begin(); // an item is under way
  gather.settle_one();     // there will be no further ones
  BOOST_TEST(!gather.progress.complete());
  gather.takes_last = true;
  gather.settle_one(); // it ends, and meanwhile another begins
  BOOST_TEST(!gather.progress.complete());
  gather.settle_one();
  BOOST_TEST(gather.progress.complete());
}

BOOST_AUTO_TEST_SUITE_END()
