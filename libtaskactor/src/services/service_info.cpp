#include <taskactor/actors/service_info.hpp>
#include <taskactor/detail/visible_text.hpp>

#include <nlohmann/json.hpp>

namespace taskactor {

std::string_view to_string(service_kind kind) noexcept {
  switch (kind) {
  case service_kind::actor:
    return "actor";
  case service_kind::task:
    return "task";
  case service_kind::supervisor:
    return "supervisor";
  }
  return "?";
}

std::string_view to_string(service_state state) noexcept {
  switch (state) {
  case service_state::waiting:
    return "waiting";
  case service_state::starting:
    return "starting";
  case service_state::running:
    return "running";
  case service_state::stopping:
    return "stopping";
  case service_state::ended:
    return "ended";
  }
  return "?";
}

namespace {

using json = nlohmann::ordered_json;

std::string status_of(const service_info& which) {
  std::string text{to_string(which.state)};
  if (which.state == service_state::ended)
    return which.last_reason.empty() ? text : text + ": " + detail::visible(which.last_reason);
  text += " for " + detail::to_text(which.lasts);
  if (which.starts_in)
    text += ", starts in " + detail::to_text(*which.starts_in);
  if (which.restarts > 0)
    text += "; " + std::to_string(which.restarts) + (which.restarts == 1 ? " restart" : " restarts");
  if (!which.last_reason.empty())
    text += (which.restarts > 0 ? ", the last: " : "; ") + detail::visible(which.last_reason);
  return text;
}

void write(const service_info& which, bool root, std::size_t depth, std::string& into) {
  into += std::string(2 * depth, ' ') + detail::visible(which.name) + ": "
          + std::string{to_string(which.kind)};
  if (which.kind == service_kind::supervisor)
    into += ", " + std::string{to_string(which.strategy)};
  if (!root)
    into += ", " + std::string{to_string(which.restart)};
  into += ": " + status_of(which) + '\n';
  for (const auto& child : which.children)
    write(child, false, depth + 1, into);
}

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

json as_json(const service_info& which, bool root) {
  json result{{"name", which.name},
              {"kind", to_string(which.kind)},
              {"state", to_string(which.state)},
              {"lasts", seconds(which.lasts)},
              {"restarts", which.restarts},
              {"last_reason", which.last_reason}};
  if (!root)
    result["restart"] = to_string(which.restart);
  if (which.starts_in)
    result["starts_in"] = seconds(*which.starts_in);
  if (which.kind == service_kind::supervisor) {
    result["strategy"] = to_string(which.strategy);
    auto& children = result["children"] = json::array();
    for (const auto& child : which.children)
      children.push_back(as_json(child, false));
  }
  return result;
}

} // namespace

std::string to_text(const service_info& tree) {
  std::string text;
  write(tree, true, 0, text);
  return text;
}

/// A reason may be of any bytes: what is no UTF-8 is replaced.
std::string to_json(const service_info& tree) {
  return as_json(tree, true).dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace taskactor
