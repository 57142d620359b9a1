/// A task manager in virtual time, for the library's own tests: `testing::manager` with the defaults that
/// programs have.
#pragma once

#include <taskactor/taskactor.hpp>
#include <taskactor/testing.hpp>

#include <chrono>

namespace test {

namespace ta = taskactor;
using namespace std::chrono_literals;

class virtual_time : public ta::testing::manager {
public:
  explicit virtual_time(ta::manager_options options = {});

  ta::task_manager& tasks;
};

} // namespace test
