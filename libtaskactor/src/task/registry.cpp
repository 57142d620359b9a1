#include <taskactor/error.hpp>
#include <taskactor/registry.hpp>

#include "base/type_name.hpp"
#include "task/cbor_value.hpp"
#include "task/library_load.hpp"

#include <algorithm>
#include <numeric>

namespace taskactor {

namespace {

std::string place(const std::source_location& where) {
  return std::string{where.file_name()} + ':' + std::to_string(where.line());
}

[[noreturn]] void refuse_second(const named_task& first, const named_task& second) {
  throw_rejection({errc::duplicate_id, "two tasks are named \"" + second.name() + "\": "
                                           + place(first.where()) + " and " + place(second.where())});
}

std::string version_text(std::uint32_t version) {
  return std::to_string(version / 1'000'000) + '.' + std::to_string(version / 1000 % 1000) + '.'
         + std::to_string(version % 1000);
}

std::string counted(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " argument" : " arguments");
}

std::string text_of(const std::string& task, std::size_t position, const std::string& expected,
                    const std::string& got, const std::string& path) {
  const auto where = position == 0 ? "" : ": argument " + std::to_string(position) + path;
  return task + where + ": expected " + expected + ", got " + got;
}

/// How many characters have to be changed, added or left out (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto corner = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto changed = corner + (a[i] == b[j] ? 0 : 1);
      corner = std::exchange(row[j + 1], std::min({changed, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

} // namespace

namespace detail {

std::string to_bytes(const json& value) {
  std::string bytes;
  json::to_cbor(value, bytes);
  return bytes;
}

json from_bytes(std::string_view bytes) {
  if (auto value = read_cbor(bytes))
    return std::move(*value);
  throw decode_fault{{}, "CBOR", std::to_string(bytes.size()) + " bytes that are none"};
}

const remote_callable& remote_callable_of(const void* function) {
  if (const auto* found = registry::global().find_address(function))
    return *found;
  throw_rejection({errc::unknown_task, "the function is not registered: TASKACTOR_REGISTER(function), at "
                                       "namespace scope in a source file of this program"});
}

void check_stamp(build_stamp of_caller, const std::source_location& where) {
  if (of_caller.version != headers_stamp.version)
    throw_rejection({errc::invalid_argument, place(where) + ": compiled for taskactor "
                                                 + version_text(of_caller.version) + ", but this is "
                                                 + version_text(headers_stamp.version)});
  if (of_caller.sizes != headers_stamp.sizes)
    throw_rejection(
        {errc::invalid_argument, place(where)
                                     + ": compiled for a taskactor whose types are laid out in another way "
                                       "(options of the compiler, another nlohmann-json)"});
}

std::optional<std::string> fault_of(const process_limits& limits) {
  constexpr int most_nice = 19;
  if (limits.memory == std::size_t{0})
    return "memory: zero; leave it unset for no limit";
  if (limits.cpu && limits.cpu->count() <= 0)
    return "cpu: " + std::to_string(limits.cpu->count()) + " s; give one second or more";
  if (limits.open_files == std::size_t{0})
    return "open_files: zero; leave it unset for no limit";
  if (limits.niceness < 0 || limits.niceness > most_nice)
    return "niceness: " + std::to_string(limits.niceness) + "; give 0 to 19";
  return {};
}

std::string shown(const json& value) {
  constexpr std::size_t longest = 60;
  auto text = value.is_binary() ? std::to_string(value.get_binary().size()) + " bytes"
                                : value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() <= longest)
    return text;
  auto end = longest;
  while (end != 0
         && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) // not in the middle of a character
    --end;
  text.resize(end);
  text += "...";
  return text;
}

std::string demangled(const std::type_info& type) { return type_name(type); }

std::string plain_text(const json::exception& error) {
  const std::string text = error.what();
  const auto end = text.find("] ");
  return text.starts_with("[json.exception") && end != text.npos ? text.substr(end + 2) : text;
}

namespace {

bool is_negative(const json& integer) {
  return !integer.is_number_unsigned() && integer.get<std::int64_t>() < 0;
}

/// Not by nlohmann-json's ==, to which -1 is 2^64 - 1 as well.
bool same_number(const json& given, const json& back) {
  if (given.is_number_integer() && back.is_number_integer())
    return is_negative(given) == is_negative(back) && given.get<std::uint64_t>() == back.get<std::uint64_t>();
  const auto a = given.get<double>();
  if (back.is_number_float()) { // what a float keeps of a double is no loss
    const auto b = back.get<double>();
    return a == b || std::abs(a - b) <= std::abs(a) * 1e-6 || (std::isnan(a) && std::isnan(b));
  }
  if (std::trunc(a) != a || !(a >= -0x1p63 && a < 0x1p64))
    return false;
  return is_negative(back) ? a < 0 && static_cast<std::int64_t>(a) == back.get<std::int64_t>()
                           : a >= 0 && static_cast<std::uint64_t>(a) == back.get<std::uint64_t>();
}

/// The same items in any order: those of a hashed set have none.
bool permuted(const json& a, const json& b) {
  const auto sorted = [](const json& items) {
    std::vector<std::string> result;
    for (const auto& each : items)
      result.push_back(to_bytes(each));
    std::sort(result.begin(), result.end());
    return result;
  };
  return a.size() == b.size() && sorted(a) == sorted(b);
}

const json* lost_item(const json& given, const json& back) {
  if (given.size() > back.size())
    return &given;
  for (std::size_t i = 0; i < given.size(); ++i)
    if (const auto* part = lost(given[i], back[i]))
      return permuted(given, back) ? nullptr : part;
  return nullptr;
}

} // namespace

const json* lost(const json& given, const json& back) {
  if (given.is_number() && back.is_number())
    return same_number(given, back) ? nullptr : &given;
  if (given.is_boolean() && back.is_number()) // by nlohmann-json alone
    return &given;
  if (given.is_object() && back.is_object()) {
    for (const auto& [key, value] : back.items())
      if (const auto at = given.find(key); at != given.end())
        if (const auto* part = lost(*at, value))
          return part;
  } else if (given.is_array() && back.is_array()) {
    return lost_item(given, back);
  }
  return nullptr;
}

} // namespace detail

argument_error::argument_error(const std::string& task, std::size_t position, const std::string& expected,
                               const std::string& got, const std::string& path)
    : error(errc::bad_arguments, text_of(task, position, expected, got, path)),
      position_(position),
      texts_(std::make_shared<const std::pair<std::string, std::string>>(expected, got)) {}

/// Options are copied where nothing of a user's may be: with what it is shared, that runs nobody's code.
void named_task::share_retry_on() {
  auto tried = detail::content_of(how_.options.retry);
  if (!tried || !tried->retry_on)
    return;
  tried->retry_on = [shared = std::make_shared<const std::function<bool(const failure&)>>(
                         std::move(tried->retry_on))](const failure& what) { return (*shared)(what); };
  how_.options.retry = std::move(tried);
}

void named_task::describe(const std::vector<std::string>& types, const std::vector<bool>& optional,
                          const std::string& result) {
  parameters_ = types.size();
  if (how_.defaults.size() > parameters_)
    throw argument_error{name_, 0, "defaults for at most " + counted(parameters_),
                         counted(how_.defaults.size())};
  if (const auto fault = detail::fault_of(how_.process))
    throw_rejection({errc::invalid_argument, name_ + ": process." + *fault});
  const auto first_default = parameters_ - how_.defaults.size();
  required_ = first_default;
  while (required_ != 0 && optional[required_ - 1])
    --required_;
  for (std::size_t i = 0; i < parameters_; ++i)
    signature_ += (i == 0 ? "" : ", ") + types[i]
                  + (i < first_default ? "" : " = " + detail::shown(how_.defaults[i - first_default]));
  signature_ = '(' + signature_ + ") -> " + result;
}

void named_task::check_count(const json& arguments) const {
  if (!arguments.is_array())
    throw argument_error{name_, 0, "an array of arguments, " + signature_, detail::shown(arguments)};
  if (arguments.size() < required_ || arguments.size() > parameters_)
    throw argument_error{name_, 0,
                         (required_ == parameters_ ? "" : std::to_string(required_) + " to ")
                             + counted(parameters_) + ", " + signature_,
                         counted(arguments.size())};
}

const json& named_task::argument(const json& arguments, std::size_t index) const {
  static const json nothing;
  if (index < arguments.size())
    return arguments[index];
  return has_default(index) ? how_.defaults[index + how_.defaults.size() - parameters_] : nothing;
}

registry& registry::global() {
  static registry all;
  return all;
}

const named_task& registry::keep(detail::registered what) {
  if (auto* const load = detail::library_load::current(); load && this == &global())
    return load->add(std::move(what));
  const std::lock_guard lock{mutex_};
  return insert(std::move(what));
}

void registry::take(std::vector<detail::registered>& many) {
  const std::lock_guard lock{mutex_};
  for (auto each = many.begin(); each != many.end(); ++each) {
    check_free(*each->task);
    for (auto before = many.begin(); before != each; ++before)
      if (before->task->name() == each->task->name())
        refuse_second(*before->task, *each->task);
  }
  for (auto& each : many)
    insert(std::move(each));
  many.clear();
}

void registry::check_free(const named_task& task) const {
  if (const auto at = tasks_.find(task.name()); at != tasks_.end())
    refuse_second(*at->second, task);
}

const named_task& registry::insert(detail::registered what) {
  check_free(*what.task);
  const auto& added = *tasks_.try_emplace(what.task->name(), std::move(what.task)).first->second;
  auto& first = by_function_.try_emplace(what.function, &added).first->second;
  if (added.name() < first->name())
    first = &added;
  return added;
}

const named_task* registry::find(std::string_view name) const {
  const std::lock_guard lock{mutex_};
  const auto at = tasks_.find(name);
  return at == tasks_.end() ? nullptr : at->second.get();
}

const named_task* registry::find_address(const void* function) const {
  const std::lock_guard lock{mutex_};
  const auto at = by_function_.find(function);
  return at == by_function_.end() ? nullptr : at->second;
}

expected<const named_task*> registry::look_up(std::string_view name) const {
  if (const auto* found = find(name))
    return found;
  std::string near;
  auto best = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const auto* each : list())
    if (const auto far = distance(name, each->name()); far < best) {
      best = far;
      near = "; did you mean \"" + each->name() + "\"?";
    }
  return rejection{errc::unknown_task, "no task is named \"" + std::string{name} + '"' + near};
}

std::vector<const named_task*> registry::list() const {
  const std::lock_guard lock{mutex_};
  std::vector<const named_task*> result;
  result.reserve(tasks_.size());
  for (const auto& [name, each] : tasks_)
    result.push_back(each.get());
  return result;
}

} // namespace taskactor
