/// Tasks of other nodes by name, with JSON arguments.
///
///     #include <taskactor/node/named_calls.hpp>
///     auto h = node.submit({}, ta::on_node("b"), "img.resize", {"a.png", 100}).value();
///     std::cout << h.get();
#pragma once

#include <taskactor/named_tasks.hpp>
#include <taskactor/node/node.hpp>

#include <optional>
#include <string_view>

namespace taskactor {

/// As `node::submit` with a name, of which this is the work. `idempotent` unset: as it is registered here.
expected<handle<json>> submit_named(node& from, task_options options, placement where, std::string_view name,
                                    const json& arguments = json::array(),
                                    std::optional<bool> idempotent = {});

} // namespace taskactor
