/// Who may run what here.
///
///     .rights = {{.task = "img.*", .peers = {"web"}, .at_once = 8},
///                {.task = "taskactor.*", .peers = {"ops"}}}
///
/// The first entry that names both the task and the peer decides; when there are entries, and none does, the
/// call is refused. Without any entry, whoever has a session may run everything that is registered. The names
/// of peers are those of their certificates: without TLS they are only what peers say of themselves.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace taskactor {

struct access_rule {
  /// A name, or the beginning of one and a star: "img.*", "*". A node's own tasks are "taskactor.*":
  /// `taskactor.nodes`, `.status`, `.services` and `.cancel`, which is what the program `taskactor` asks for.
  std::string task;
  /// Names, or one star.
  std::vector<std::string> peers;
  /// Calls that each of them may have here; more are refused. Zero: none, which forbids it.
  std::size_t at_once = std::numeric_limits<std::size_t>::max();
};

} // namespace taskactor
