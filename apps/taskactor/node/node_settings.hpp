/// What `taskactor node` was asked to be: from its flags, the environment and a file, the first that says it.
#pragma once

#include <taskactor/node/node_options.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace taskactor::cli {

/// The text says what is wrong, and where.
struct bad_settings : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct node_settings {
  std::string name{};
  std::vector<std::string> listen{}, join{}, labels{}, libraries{};
  std::optional<std::size_t> capacity{}, prefetch{};
  std::string authority{}, certificate{}, key{};
  std::string drain{};
  std::vector<access_rule> rights{}; ///< of the file alone
};

/// The TLS part alone, for who only asks a node.
void add_certificate_options(CLI::App& app, node_settings& into);
void add_node_options(CLI::App& app, node_settings& into, std::string& file);
/// Errors: `bad_settings`. Paths in the file are from where it lies.
node_settings read_node_file(const std::filesystem::path& path);
/// What is unset is as in `other`.
void fill_in(node_settings& settings, node_settings other);
/// Errors: `bad_settings`.
node_options options_of(const node_settings& settings);
/// "ADDRESS=NAME": the certificate's name expected there; empty without one.
std::pair<std::string, std::string> address_and_name(const std::string& text);

} // namespace taskactor::cli
