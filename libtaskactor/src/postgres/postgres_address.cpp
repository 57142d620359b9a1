#include "postgres/postgres_address.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>

#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <memory>
#include <new>
#include <string_view>

namespace taskactor::detail {

namespace {

/// What an address says itself.
using address_words = std::map<std::string, std::string, std::less<>>;

std::string word_in(const address_words& all, std::string_view name) {
  const auto at = all.find(name);
  return at == all.end() ? std::string{} : at->second;
}

address_words parse_address(const std::string& where) {
  char* why = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options{
      ::PQconninfoParse(where.c_str(), &why), &::PQconninfoFree};
  if (!options) {
    std::string said = postgres_words(why);
    ::PQfreemem(why);
    if (where.find('@') != std::string::npos || where.find("password") != std::string::npos)
      said.resize(std::min(said.size(), said.find('"'))); // what it quotes may be a password
    while (said.ends_with(' ') || said.ends_with(':'))
      said.pop_back();
    throw error{errc::invalid_argument, "the address of a store on PostgreSQL isn't one: " + said
                                            + "; write postgresql://host/database"};
  }
  address_words all;
  for (const auto* each = options.get(); each->keyword; ++each)
    if (each->val)
      all.emplace(each->keyword, each->val);
  return all;
}

std::string place_of(const address_words& all) {
  const auto host = word_in(all, "host"), port = word_in(all, "port"), user = word_in(all, "user");
  std::string place = "postgresql://";
  if (!user.empty())
    place += user + '@';
  place += host.starts_with('/') ? std::string{} : host;
  if (!port.empty())
    place += ':' + port;
  place += '/' + word_in(all, "dbname");
  if (host.starts_with('/'))
    place += "?host=" + host;
  return visible(place);
}

std::vector<std::string> address_parts(const std::string& list) {
  std::vector<std::string> parts(1);
  for (const char each : list)
    if (each == ',')
      parts.emplace_back();
    else
      parts.back() += each;
  return parts;
}

} // namespace

std::string postgres_words(const char* said) {
  std::string text{said ? said : ""};
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  for (auto& each : text)
    if (each == '\n')
      each = ' ';
  return visible(text);
}

postgres_address::postgres_address(const std::string& where) : where_(where) {
  const auto given = parse_address(where);
  place_ = place_of(given);
  for (const auto& [name, value] : {std::pair{"application_name", "taskactor"},
                                    {"tcp_user_timeout", "15000"},
                                    {"keepalives_idle", "10"},
                                    {"keepalives_interval", "5"},
                                    {"keepalives_count", "3"}})
    if (!given.contains(name))
      said_.emplace_back(name, value);
  said_.emplace_back("client_encoding", "UTF8");
  if (given.contains("target_session_attrs"))
    said_.emplace_back("target_session_attrs", word_in(given, "target_session_attrs"));

  const auto names = address_parts(word_in(given, "host")),
             numbers = address_parts(word_in(given, "hostaddr")),
             doors = address_parts(word_in(given, "port"));
  const auto count = std::max(names.size(), numbers.size());
  const auto fits = [count](const auto& list) {
    return list.size() == count || (list.size() == 1 && list.front().empty());
  };
  const bool one_door = doors.size() == 1;
  // libpq writes a comma for each host of a URL: an empty one in the list is its own default, whatever PGPORT
  // says.
  constexpr const char* default_door = "5432";
  bool all_named = true; // else libpq finds the host by itself
  for (std::size_t i = 0; i < count; ++i)
    all_named = all_named
                && ((names.size() == count && !names[i].empty())
                    || (numbers.size() == count && !numbers[i].empty()));
  // Who prefers a standby has libpq ask all of them twice. What doesn't fit it refuses itself.
  if (count == 1 || !all_named || word_in(given, "target_session_attrs") == "prefer-standby" || !fits(names)
      || !fits(numbers) || (!one_door && !fits(doors))) {
    hosts_.emplace_back();
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    words host;
    if (names.size() == count)
      host.emplace_back("host", names[i]);
    if (numbers.size() == count)
      host.emplace_back("hostaddr", numbers[i]);
    if (!one_door)
      host.emplace_back("port", doors[i].empty() ? default_door : doors[i]);
    hosts_.push_back(std::move(host));
  }
}

std::string postgres_address::next_host() const {
  const auto& host = hosts_[next_];
  return host.empty() ? place_ : visible(host.front().second);
}

/// An address in the place of dbname is expanded, and what follows it overrides it.
pg_conn* postgres_address::start(bool read_write) const {
  std::vector<const char*> names{"dbname"}, values{where_.c_str()};
  const auto add = [&](const char* name, const char* value) {
    names.push_back(name);
    values.push_back(value);
  };
  bool says_which = false;
  for (const auto* const some : {&said_, &hosts_[next_]})
    for (const auto& [name, value] : *some) {
      add(name.c_str(), value.c_str());
      says_which = says_which || name == "target_session_attrs";
    }
  if (!says_which)
    add("target_session_attrs", read_write ? "read-write" : "any");
  add(nullptr, nullptr);
  auto* const made = ::PQconnectStartParams(names.data(), values.data(), 1);
  if (!made)
    throw std::bad_alloc{};
  return made;
}

} // namespace taskactor::detail
