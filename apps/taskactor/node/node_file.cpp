// The file of `taskactor node`: see node_settings.hpp.
#include "cli/descriptors.hpp"
#include "node/node_settings.hpp"

#include <toml++/toml.h>

#include <array>
#include <cerrno>
#include <limits>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

/// A table, whose entries are taken one by one: what is left then isn't known.
class reader {
public:
  reader(const toml::table& table, std::string where) : table_(table), where_(std::move(where)) {}

  void take(const char* key, std::string& into) {
    if (const auto* node = find(key))
      into = text(*node, key);
  }
  void take(const char* key, std::vector<std::string>& into) {
    const auto* node = find(key);
    if (!node)
      return;
    const auto* array = node->as_array();
    if (!array)
      wrong(*node, key, "an array of strings");
    for (const auto& each : *array)
      into.push_back(text(each, key));
  }
  template <class Number>
  void take_number(const char* key, Number& into) {
    const auto* node = find(key);
    if (!node)
      return;
    const auto value = node->value_exact<std::int64_t>();
    if (!value || *value < 0)
      wrong(*node, key, "a number that isn't negative");
    into = static_cast<std::size_t>(*value);
  }
  const toml::node* find(const char* key) {
    known_.insert(key);
    return table_.get(key);
  }
  void end() const {
    for (const auto& [key, value] : table_)
      if (!known_.contains(std::string{key.str()}))
        fail(value, '"' + std::string{key.str()} + "\" isn't known here");
  }
  [[noreturn]] void wrong(const toml::node& node, const std::string& key, const std::string& expected) const {
    fail(node, key + ": expected " + expected);
  }
  [[noreturn]] void fail(const toml::node& node, const std::string& what) const {
    throw bad_settings{where_ + ':' + std::to_string(node.source().begin.line) + ": " + what};
  }

private:
  std::string text(const toml::node& node, const char* key) const {
    const auto value = node.value_exact<std::string>();
    if (!value)
      wrong(node, key, "a string");
    return *value;
  }

  const toml::table& table_;
  const std::string where_;
  std::set<std::string> known_;
};

void take_rights(reader& from, const std::string& where, node_settings& into) {
  const auto* const node = from.find("rights");
  if (!node)
    return;
  const auto* const array = node->as_array();
  if (!array)
    from.wrong(*node, "rights", "tables: [[rights]]");
  for (const auto& each : *array) {
    const auto* const table = each.as_table();
    if (!table)
      from.wrong(each, "rights", "tables: [[rights]]");
    reader entry{*table, where};
    access_rule made;
    entry.take("task", made.task);
    entry.take("peers", made.peers);
    entry.take_number("at_once", made.at_once);
    entry.end();
    if (made.task.empty() || made.peers.empty())
      from.fail(each, "rights: each needs a task and its peers");
    into.rights.push_back(std::move(made));
  }
}

/// What isn't there, can't be read or is a directory is no empty file.
std::string whole_file(const std::string& path) {
  const auto fail = [&] { throw bad_settings{path + ": " + std::generic_category().message(errno)}; };
  const unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file)
    fail();
  std::string content;
  std::array<char, 4096> part;
  for (;;) {
    const auto size = ::read(file.get(), part.data(), part.size());
    if (size == 0)
      return content;
    if (size > 0)
      content.append(part.data(), static_cast<std::size_t>(size));
    else if (errno != EINTR)
      fail();
  }
}

void from_folder(const std::filesystem::path& folder, std::string& path) {
  if (!path.empty())
    path = (folder / path).string();
}

} // namespace

node_settings read_node_file(const std::filesystem::path& path) {
  const auto where = path.string();
  toml::table table;
  try {
    table = toml::parse(whole_file(where), where);
  } catch (const toml::parse_error& error) {
    const auto line = error.source().begin.line;
    throw bad_settings{where + (line ? ':' + std::to_string(line) : std::string{}) + ": "
                       + std::string{error.description()}};
  }
  node_settings made;
  reader all{table, where};
  all.take("name", made.name);
  all.take("listen", made.listen);
  all.take("join", made.join);
  all.take("labels", made.labels);
  all.take("load", made.libraries);
  all.take_number("capacity", made.capacity);
  all.take_number("prefetch", made.prefetch);
  all.take("drain", made.drain);
  if (const auto* node = all.find("certificates")) {
    const auto* const inner = node->as_table();
    if (!inner)
      all.wrong(*node, "certificates", "a table: [certificates]");
    reader files{*inner, where};
    files.take("authority", made.authority);
    files.take("certificate", made.certificate);
    files.take("key", made.key);
    files.end();
  }
  take_rights(all, where, made);
  all.end();
  const auto folder = path.parent_path();
  for (auto* each : {&made.authority, &made.certificate, &made.key})
    from_folder(folder, *each);
  for (auto& each : made.libraries)
    if (each.find('/') != each.npos)
      from_folder(folder, each);
  return made;
}

} // namespace taskactor::cli
