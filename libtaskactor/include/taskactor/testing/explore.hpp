/// `explore`: one test body under many seeds, to find orders in which it fails.
///
///     ta::testing::explore({.seeds = 200}, [](ta::testing::manager& m) {
///       auto h = m.tasks().add_task({}, transfer).value();
///       check(h.get() == 100);
///     });
///
/// It stops at the first seed that fails, and says which: `TASKACTOR_TEST_SEED=17` in the environment then
/// runs that one alone, in every `explore` of the program.
#pragma once

#include <taskactor/testing/manager.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>

namespace taskactor::testing {

struct explore_options {
  /// How many.
  std::size_t seeds = 100;
  std::uint64_t first_seed = 1;
  /// What each manager is made with; the seed is `explore`'s.
  testing::simulation_options world{};
  /// For a framework whose checks don't throw: asked after each seed whether one has failed by now.
  std::function<bool()> failed{};
};

/// A seed has failed. The exception that left the body is nested in it.
class seed_failed : public test_error {
public:
  seed_failed(std::uint64_t seed, const std::string& why);
  std::uint64_t seed() const noexcept { return seed_; }

private:
  std::uint64_t seed_;
};

/// Runs `body` with a manager of its own for each seed. Returns how many seeds were run.
/// Errors: `seed_failed`, when an exception left the body or `failed()` said so. What isn't a
/// `std::exception` (many frameworks' own) goes through unchanged; its seed is written to standard error.
/// `errc::invalid_argument` for a TASKACTOR_TEST_SEED that is no number.
std::size_t explore(const explore_options& options, const std::function<void(manager&)>& body);

} // namespace taskactor::testing
