/// Until all that was told in virtual time has been heard and written, however late its threads are: a
/// `settle` waits for them for 2 s at most.
#pragma once

#include "events/hub.hpp"
#include "lifecycle/manager_core.hpp"
#include "support/virtual_time.hpp"
#include "threads/disposal.hpp"

#include <boost/test/unit_test.hpp>

namespace test {

inline void wait_until_heard(virtual_time& world) {
  auto& home = ta::detail::core_of(world.tasks);
  for (int i = 0; i < 2; ++i) { // what is heard may begin something, and observers log
    world.settle();
    BOOST_TEST(home.disposals().wait_idle(60s));
    BOOST_TEST(home.events().wait_heard(60s));
  }
  world.settle();
}

} // namespace test
