#include "programs/listing.hpp"

#include <taskactor/registry.hpp>

#include <chrono>

namespace taskactor::detail {

namespace {

json where_text(const std::optional<run_where>& where) {
  if (!where)
    return nullptr;
  return *where == run_where::thread ? "thread" : *where == run_where::process ? "process" : "actor";
}

/// In seconds.
json timeout_number(const std::optional<std::chrono::nanoseconds>& limit) {
  if (!limit)
    return nullptr;
  if (*limit == no_timeout)
    return "none";
  return std::chrono::duration<double>(*limit).count();
}

json entry(const named_task& which) {
  return {{"name", which.name()},
          {"signature", which.signature()},
          {"parameters", which.parameters()},
          {"required", which.required()},
          {"where", where_text(which.options().where)},
          {"timeout", timeout_number(which.options().timeout)},
          {"place", std::string{which.where().file_name()} + ':' + std::to_string(which.where().line())}};
}

} // namespace

std::string listing() {
  std::string result;
  for (const auto* each : registry::global().list())
    result += each->name() + each->signature() + '\n';
  return result;
}

std::string json_listing() {
  std::string result;
  for (const auto* each : registry::global().list())
    result += entry(*each).dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
  return result;
}

} // namespace taskactor::detail
