#include "queue/stored_limits.hpp"

#include <taskactor/error.hpp>

#include <nlohmann/json.hpp>

namespace taskactor::detail {

std::string limits_text(const std::vector<job_limit>& limits) {
  if (limits.empty())
    return {};
  auto all = nlohmann::json::array();
  for (const auto& each : limits)
    all.push_back({each.name, each.key, each.tokens});
  return all.dump();
}

std::vector<job_limit> limits_of(std::string_view text) {
  std::vector<job_limit> limits;
  if (text.empty())
    return limits;
  try {
    for (const auto& each : nlohmann::json::parse(text))
      limits.push_back({.name = each.at(0).get<std::string>(),
                        .key = each.at(1).get<std::string>(),
                        .tokens = each.at(2).get<std::size_t>()});
  } catch (const nlohmann::json::exception& why) {
    throw error{errc::store_unusable,
                std::string{"the limits of a job in the store can't be read: "} + why.what()};
  }
  return limits;
}

} // namespace taskactor::detail
