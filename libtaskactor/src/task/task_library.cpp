#include <taskactor/task_library.hpp>

#include "base/type_name.hpp"
#include "task/library_load.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <string_view>

#include <dlfcn.h>
#include <link.h>

namespace taskactor {

namespace {

/// `registry::global`, as the Itanium ABI has it.
constexpr const char* registry_symbol = "_ZN9taskactor8registry6globalEv";

struct library_table {
  std::recursive_mutex mutex; // of a library that loads another one when it is loaded
  std::vector<std::string> loaded;
  std::map<void*, std::string> refused;
};

library_table& libraries() {
  static library_table all;
  return all;
}

[[noreturn]] void refuse(const std::string& why) { throw_rejection({errc::library_not_loaded, why}); }

/// As dlopen(3) understands it: with a slash, or to be looked for.
std::string path_of(const std::string& file) {
  std::error_code none;
  return file.find('/') == file.npos && std::filesystem::exists(file, none) ? "./" + file : file;
}

/// What dlopen(3) has to say, and what it means.
std::string why_not_opened(const std::string& file, const std::string& path) {
  const char* const said = ::dlerror();
  std::string why = said ? said : "it can't be loaded";
  constexpr std::string_view missing = "undefined symbol: ";
  if (const auto at = why.find(missing); at != why.npos)
    why = "it needs " + detail::demangled_name(why.substr(at + missing.size()).c_str())
          + ", which isn't there: it was compiled for another taskactor than this one, or it isn't linked "
            "with "
            "all that it uses";
  else if (path.find('/') == path.npos)
    why += " (neither in this folder nor where the loader looks: give its path)";
  return why.starts_with(path) ? why : file + ": " + why;
}

std::string absolute(const char* path) {
  std::error_code none;
  const auto result = std::filesystem::absolute(path, none);
  return none ? path : result.lexically_normal().string();
}

std::string file_of(void* handle, const std::string& otherwise) {
  link_map* map = nullptr;
  const bool known = ::dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map->l_name && *map->l_name;
  return absolute(known ? map->l_name : otherwise.c_str());
}

/// The object that an address lies in.
Dl_info home_of(const void* address) {
  Dl_info result{};
  ::dladdr(address, &result);
  return result;
}

/// Why its registrations haven't come here; empty: they have, or there are none.
std::string fault_of(void* handle, const std::string& file, bool registered) {
  const auto here = home_of(reinterpret_cast<const void*>(&libraries));
  const auto* const found = ::dlsym(handle, registry_symbol);
  const auto there = found ? home_of(found) : here;
  if (there.dli_fbase != here.dli_fbase)
    return file + " has its tasks registered in another taskactor (" + absolute(there.dli_fname)
           + ") than this program: link both with the same shared libtaskactor";
  if (!registered)
    return file
           + (found ? " registers no task (TASKACTOR_REGISTER)"
                    : " registers no task here: it isn't linked with the shared libtaskactor, or hides a "
                      "taskactor of its own");
  return {};
}

} // namespace

void load_tasks(const std::string& file) {
  auto& all = libraries();
  const std::lock_guard lock{all.mutex};
  const auto path = path_of(file);
  void* const before = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
  if (const auto known = all.refused.find(before); known != all.refused.end())
    refuse(known->second);
  detail::library_load load;
  void* const handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle)
    refuse(why_not_opened(file, path));
  const auto where = file_of(handle, path);
  try {
    if (const auto fault = fault_of(handle, where, before || !load.empty()); !fault.empty())
      refuse(fault);
    load.commit();
  } catch (const std::system_error& error) {
    auto why = detail::message_of(error);
    if (!why.starts_with(where))
      why = where + ": " + why;
    refuse(all.refused.try_emplace(handle, std::move(why)).first->second);
  }
  if (std::find(all.loaded.begin(), all.loaded.end(), where) == all.loaded.end())
    all.loaded.push_back(where);
}

std::vector<std::string> loaded_task_libraries() {
  auto& all = libraries();
  const std::lock_guard lock{all.mutex};
  return all.loaded;
}

} // namespace taskactor
