/// Where a call is to run: on any other node, on the one with the most room, on a node by name, or on any
/// with a label.
///
///     auto h = node.submit(ta::on_label("gpu"), render, scene);
///
/// A call is sent to a node that has room for it, and waits here until there is one: nodes that are suspect
/// or leaving get none.
/// Errors: `errc::no_node`, when no node that fits is known, nor any address that hasn't answered yet.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace taskactor {

class placement {
public:
  enum class kind : std::uint8_t { any, least_loaded, name, label };

  placement() = default;
  placement(kind how, std::string which) : kind_(how), which_(std::move(which)) {}
  kind how() const noexcept { return kind_; }
  /// The name, or the label.
  const std::string& which() const noexcept { return which_; }

private:
  kind kind_ = kind::any;
  std::string which_;
};

/// They take turns.
inline placement on_any() { return {placement::kind::any, {}}; }
/// The one that could start the most calls at once, as it has last said.
inline placement on_least_loaded() { return {placement::kind::least_loaded, {}}; }
inline placement on_node(std::string name) { return {placement::kind::name, std::move(name)}; }
/// One of those that have it; they take turns.
inline placement on_label(std::string label) { return {placement::kind::label, std::move(label)}; }

std::string to_string(const placement& where);

} // namespace taskactor
