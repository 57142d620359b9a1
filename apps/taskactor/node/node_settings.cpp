#include "node/node_settings.hpp"

#include "cli/quantity.hpp"

#include <CLI/CLI.hpp>

#include <utility>

namespace taskactor::cli {

void add_certificate_options(CLI::App& app, node_settings& into) {
  constexpr const char* group = "Certificates";
  app.add_option("--authority", into.authority, "Whose certificates are believed")
      ->type_name("FILE")
      ->envname("TASKACTOR_NODE_AUTHORITY")
      ->group(group);
  app.add_option("--certificate", into.certificate, "The node's own")
      ->type_name("FILE")
      ->envname("TASKACTOR_NODE_CERTIFICATE")
      ->group(group);
  app.add_option("--key", into.key, "That one's key")
      ->type_name("FILE")
      ->envname("TASKACTOR_NODE_KEY")
      ->group(group);
}

void add_node_options(CLI::App& app, node_settings& into, std::string& file) {
  app.add_option("--config", file, "Read what isn't said here from FILE (TOML)")
      ->type_name("FILE")
      ->envname("TASKACTOR_NODE_CONFIG");
  app.add_option("--name", into.name, "By which others know it; else the certificate's, or the machine's")
      ->type_name("NAME")
      ->envname("TASKACTOR_NODE_NAME");
  app.add_option("--listen", into.listen, "HOST:PORT, :PORT or unix:PATH; may be given again")
      ->type_name("ADDRESS")
      ->envname("TASKACTOR_NODE_LISTEN")
      ->expected(1)
      ->take_all();
  app.add_option("--join", into.join,
                 "Another node's; ADDRESS=NAME, if its certificate isn't that host's; may be given again")
      ->type_name("ADDRESS")
      ->envname("TASKACTOR_NODE_JOIN")
      ->expected(1)
      ->take_all();
  app.add_option("--label", into.labels, "What it has that calls may ask for; may be given again")
      ->type_name("LABEL")
      ->expected(1)
      ->take_all();
  app.add_option("--load", into.libraries, "Load a library of tasks before; may be given again")
      ->type_name("FILE")
      ->envname("TASKACTOR_NODE_LOAD")
      ->expected(1)
      ->take_all();
  app.add_option("--capacity", into.capacity, "Calls of others at once; else as many as tasks may run")
      ->type_name("N")
      ->envname("TASKACTOR_NODE_CAPACITY");
  app.add_option("--prefetch", into.prefetch, "Calls that may wait here for these (2)")->type_name("N");
  app.add_option("--drain", into.drain, "After TERM: how long calls that run may go on (30s)")
      ->type_name("TIME");
  add_certificate_options(app, into);
}

void fill_in(node_settings& settings, node_settings other) {
  const auto take = [](auto& unset, auto& value) {
    if (unset == std::remove_reference_t<decltype(unset)>{})
      unset = std::move(value);
  };
  take(settings.name, other.name);
  take(settings.listen, other.listen);
  take(settings.join, other.join);
  take(settings.labels, other.labels);
  take(settings.libraries, other.libraries);
  take(settings.capacity, other.capacity);
  take(settings.prefetch, other.prefetch);
  take(settings.authority, other.authority);
  take(settings.certificate, other.certificate);
  take(settings.key, other.key);
  take(settings.drain, other.drain);
  settings.rights = std::move(other.rights);
}

node_options options_of(const node_settings& settings) {
  node_options made;
  made.name = settings.name;
  made.labels = settings.labels;
  made.capacity = settings.capacity;
  made.prefetch = settings.prefetch.value_or(made.prefetch);
  made.certificates = {settings.authority, settings.certificate, settings.key};
  made.rights = settings.rights;
  if (settings.drain.empty())
    return made;
  const auto drain = parse_duration(settings.drain);
  if (!drain)
    throw bad_settings{"drain: \"" + settings.drain + "\" is not a time; write 90, 1.5s, 500ms, 2m or 1h"};
  made.drain = *drain;
  return made;
}

std::pair<std::string, std::string> address_and_name(const std::string& text) {
  const auto equals = text.rfind('=');
  if (equals == text.npos)
    return {text, {}};
  return {text.substr(0, equals), text.substr(equals + 1)};
}

} // namespace taskactor::cli
