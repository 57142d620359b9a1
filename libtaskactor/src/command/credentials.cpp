#include "command/credentials.hpp"

#include <taskactor/error.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

constexpr std::size_t usual_buffer = 1024;
constexpr std::size_t largest_buffer = std::size_t{1} << 24;
constexpr int usual_group_count = 64;

template <class Number>
std::optional<Number> number_in(const std::string& text) {
  Number result{};
  const auto* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, result);
  // The last number means "no change" to the system.
  return error == std::errc{} && rest == end && result != static_cast<Number>(-1) ? std::optional{result}
                                                                                  : std::nullopt;
}

/// By a function such as getpwnam_r. Empty: there is none.
template <class Entry, class Key, class Result>
std::optional<Result> look_up(int (*ask)(Key, Entry*, char*, std::size_t, Entry**), Key key, const char* name,
                              Result (*convert)(const Entry&)) {
  for (std::vector<char> buffer(usual_buffer);; buffer.resize(2 * buffer.size())) {
    Entry entry{};
    Entry* found = nullptr;
    const int error = ask(key, &entry, buffer.data(), buffer.size(), &found);
    if (found)
      return convert(*found);
    if (error == ERANGE && buffer.size() < largest_buffer)
      continue;
    if (error == 0 || error == ENOENT || error == ESRCH || error == EBADF
        || error == EPERM) // see getpwnam(3)
      return std::nullopt;
    throw std::system_error{error, std::generic_category(), name};
  }
}

struct account {
  std::string name;
  uid_t user;
  gid_t group;
};

account account_of(const passwd& entry) { return {entry.pw_name, entry.pw_uid, entry.pw_gid}; }
gid_t group_of(const group& entry) { return entry.gr_gid; }

std::optional<account> find_account(const std::string& name) {
  if (auto found = look_up(::getpwnam_r, name.c_str(), "user", account_of))
    return found;
  const auto number = number_in<uid_t>(name);
  return number ? look_up(::getpwuid_r, *number, "user", account_of) : std::nullopt;
}

gid_t find_group(const char* option, const std::string& name) {
  if (const auto found = look_up(::getgrnam_r, name.c_str(), "group", group_of))
    return *found;
  if (const auto number = number_in<gid_t>(name))
    return *number;
  throw error{errc::invalid_argument, std::string{option} + ": there is no group '" + name + "'"};
}

std::vector<gid_t> groups_of(const account& who, gid_t first) {
  for (int room = usual_group_count;;) {
    std::vector<gid_t> result(static_cast<std::size_t>(room));
    int count = room;
    const bool fits = ::getgrouplist(who.name.c_str(), first, result.data(), &count) >= 0;
    if (fits) {
      result.resize(static_cast<std::size_t>(count));
      return result;
    }
    room = std::max(count, 2 * room);
  }
}

bool same_set(std::vector<gid_t> left, std::vector<gid_t> right) {
  for (auto* each : {&left, &right}) {
    std::sort(each->begin(), each->end());
    each->erase(std::unique(each->begin(), each->end()), each->end());
  }
  return left == right;
}

std::vector<gid_t> current_groups() {
  for (;;) {
    const int count = ::getgroups(0, nullptr);
    std::vector<gid_t> result(static_cast<std::size_t>(std::max(count, 0)));
    const int got = ::getgroups(static_cast<int>(result.size()), result.data());
    if (got < 0)
      continue; // there are more by now
    result.resize(static_cast<std::size_t>(got));
    return result;
  }
}

/// Nothing that is so already takes a right.
void leave_out_the_same(credentials& who) {
  uid_t users[3] = {};
  gid_t groups[3] = {};
  ::getresuid(&users[0], &users[1], &users[2]);
  ::getresgid(&groups[0], &groups[1], &groups[2]);
  const auto all_are = [](const auto& three, auto id) {
    return std::all_of(std::begin(three), std::end(three), [id](auto each) { return each == id; });
  };
  if (who.user && all_are(users, *who.user))
    who.user.reset();
  if (who.group && all_are(groups, *who.group))
    who.group.reset();
  if (who.groups && same_set(*who.groups, current_groups()))
    who.groups.reset();
}

void check_name(const char* option, const std::string& name) {
  if (name.find('\0') != name.npos)
    throw error{errc::invalid_argument, std::string{option} + ": a name has a NUL byte in it"};
}

std::string named(const asked_identity& asked) {
  if (!asked.user.empty())
    return "user '" + asked.user + "'";
  return asked.group.empty() ? "groups '" + asked.groups.front() + "' ..." : "group '" + asked.group + "'";
}

} // namespace

std::optional<asked_identity> identity_of(const command_options& options) {
  if (content_of(options.user).empty() && content_of(options.group).empty()
      && content_of(options.groups).empty())
    return std::nullopt;
  return asked_identity{options.user, options.group, options.groups};
}

credentials find_credentials(const asked_identity& asked) {
  check_name("user", asked.user);
  check_name("group", asked.group);
  for (const auto& each : asked.groups)
    check_name("groups", each);
  credentials result{.named = named(asked)};
  std::optional<account> who;
  if (!asked.user.empty()) {
    who = find_account(asked.user);
    result.user = who ? std::optional{who->user} : number_in<uid_t>(asked.user);
    if (!result.user)
      throw error{errc::invalid_argument, "user: there is no user '" + asked.user + "'"};
    if (!who && asked.group.empty())
      throw error{errc::invalid_argument,
                  "user: '" + asked.user + "' has no account that says its group: name one (`group`)"};
  }
  if (!asked.group.empty())
    result.group = find_group("group", asked.group);
  else if (who)
    result.group = who->group;
  if (!asked.groups.empty()) {
    auto& groups = result.groups.emplace();
    for (const auto& each : asked.groups)
      groups.push_back(find_group("groups", each));
  } else if (who) {
    result.groups = groups_of(*who, *result.group);
  } else if (result.user) {
    result.groups = std::vector{*result.group};
  }
  leave_out_the_same(result);
  return result;
}

} // namespace taskactor::detail
