#include <taskactor/error.hpp>
#include <taskactor/outcome.hpp>
#include <taskactor/testing/explore.hpp>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace taskactor::testing {

namespace {

constexpr const char* variable = "TASKACTOR_TEST_SEED";

std::optional<std::uint64_t> seed_from_environment() {
  const char* text = std::getenv(variable);
  if (!text || !*text)
    return {};
  std::uint64_t value = 0;
  const std::string_view view{text};
  const auto [end, fault] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (fault != std::errc{} || end != view.data() + view.size())
    throw error{errc::invalid_argument,
                std::string{variable} + ": \"" + text + "\" is not a whole number of zero or more"};
  return value;
}

void run_seed(std::uint64_t seed, const explore_options& options, const std::function<void(manager&)>& body) {
  try {
    auto world = options.world;
    world.seed = seed;
    manager m{std::move(world)};
    body(m);
  } catch (const std::exception&) {
    std::throw_with_nested(seed_failed{seed, describe(std::current_exception())});
  } catch (...) {
    std::fprintf(stderr, "%s\n", seed_failed{seed, "see the test's own message"}.what());
    throw;
  }
  if (options.failed && options.failed())
    throw seed_failed{seed, "see the test's own messages"};
}

} // namespace

seed_failed::seed_failed(std::uint64_t seed, const std::string& why)
    : test_error("seed " + std::to_string(seed) + " failed; " + variable + '=' + std::to_string(seed)
                 + " runs it alone: " + why),
      seed_(seed) {}

std::size_t explore(const explore_options& options, const std::function<void(manager&)>& body) {
  if (const auto only = seed_from_environment()) {
    run_seed(*only, options, body);
    return 1;
  }
  for (std::size_t i = 0; i < options.seeds; ++i)
    run_seed(options.first_seed + i, options, body);
  return options.seeds;
}

} // namespace taskactor::testing
