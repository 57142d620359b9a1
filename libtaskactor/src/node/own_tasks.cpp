#include "node/own_tasks.hpp"

#include "lifecycle/dependent_list.hpp"
#include "lifecycle/manager_core.hpp"
#include "node/node_host.hpp"
#include "task/cbor_value.hpp"

#include <taskactor/detail/typed_named_task.hpp>
#include <taskactor/task_manager.hpp>

#include <chrono>
#include <utility>

namespace taskactor::detail {

namespace {

inbound_result answer(const json& value) {
  return {.how = inbound_result::kind::result, .text = to_bytes(value)};
}

json nodes(node_host& host) {
  auto peers = json::array();
  for (const auto& each : host.peers())
    peers.push_back({{"name", each.name},
                     {"address", each.address},
                     {"state", to_string(each.state)},
                     {"uuid", each.uuid},
                     {"incarnation", each.incarnation},
                     {"labels", each.labels},
                     {"free", each.free},
                     {"window", each.window},
                     {"calls", each.calls},
                     {"inbound", each.inbound},
                     {"reason", each.reason}});
  const auto counts = host.statistics();
  return {{"name", host.self().name},       {"uuid", host.self().uuid},  {"peers", std::move(peers)},
          {"window", counts.window},        {"inbound", counts.inbound}, {"submitted", counts.submitted},
          {"answered", counts.answered},    {"lost", counts.lost},       {"run_again", counts.run_again},
          {"taken", counts.taken},          {"refused", counts.refused}, {"orphaned", counts.orphaned},
          {"violations", counts.violations}};
}

json status(task_manager& tasks) {
  auto all = json::array();
  for (const auto& each : tasks.task_status()) {
    json made{{"id", each.id}, {"state", to_string(each.state)}};
    const auto seconds = [](auto duration) { return std::chrono::duration<double>(duration).count(); };
    const auto now = std::chrono::steady_clock::now();
    made["age"] = seconds(now - each.submitted);
    if (each.progress.total != 0 || each.progress.done != 0 || !each.progress.text.empty())
      made["progress"] = {each.progress.done, each.progress.total, each.progress.text};
    all.push_back(std::move(made));
  }
  return all;
}

/// Each as `to_json` of its tree.
json services(manager_core& home) {
  auto all = json::array();
  for (const auto& each : home.dependents().tell())
    all.push_back(json::parse(each));
  return all;
}

} // namespace

std::optional<inbound_result> run_own_task(node_host& host, std::string_view name,
                                           const std::string& arguments) {
  if (!name.starts_with(own_task_prefix))
    return {};
  const auto which = name.substr(own_task_prefix.size());
  if (which == "nodes")
    return answer(nodes(host));
  if (which == "status")
    return answer(status(host.manager()));
  if (which == "services")
    return answer(services(host.home()));
  if (which != "cancel")
    return inbound_result{.how = inbound_result::kind::refused,
                          .text = '"' + std::string{name}
                                  + "\": a node has taskactor.nodes, .status, .services and .cancel",
                          .why = refusal::unknown_task};
  const auto given = read_cbor(arguments);
  if (!given || !given->is_array() || given->size() != 1 || !(*given)[0].is_string())
    return inbound_result{.how = inbound_result::kind::refused,
                          .text = "taskactor.cancel takes one argument, the id of a task",
                          .why = refusal::bad_arguments};
  return answer(to_string(host.manager().cancel_task((*given)[0].get<std::string>())));
}

} // namespace taskactor::detail
