/// Named tasks: functions and coroutines that can be asked for by name, with JSON arguments.
///
///     #include <taskactor/registry.hpp>      // taskactor.hpp doesn't: it has nlohmann-json in it
///     ta::task<std::string> resize(std::string path, int width);
///     TASKACTOR_REGISTER(resize);
///     TASKACTOR_REGISTER_AS(resize, "img.resize", {.options = {.timeout = 30s}, .defaults = {100}});
///
/// At namespace scope, in a source file: they are registered before `main`, or when the library that has them
/// is loaded, by `load_tasks` (a static library's file of which nothing else is used is left out by the
/// linker). A name that is taken ends the program at its start, with both places; so do defaults that don't
/// fit the parameters.
///
/// Parameters are values or const references; results are values. A plain function may take a
/// `std::stop_token` before them, which isn't an argument: then it runs on a thread, wherever it is called,
/// and the token tells it to end. What of C++ has a JSON form:
/// `json_value.hpp`. A number that doesn't fit is refused, not cut.
///
/// Errors: `argument_error`, which says which argument, what was expected, and what came. Threads: any.
#pragma once

#include <taskactor/detail/typed_named_task.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/version.hpp>

#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <source_location>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace taskactor {

namespace detail {

/// What a library hands to the registry has to be laid out as it is here.
struct build_stamp {
  std::uint32_t version, sizes;
};
inline constexpr build_stamp headers_stamp{
    (version_major * 1000 + version_minor) * 1000 + version_patch,
    static_cast<std::uint32_t>((sizeof(named_task) * 1000 + sizeof(named_options)) * 1000 + sizeof(json))};
/// Errors: `errc::invalid_argument`, with the place.
void check_stamp(build_stamp of_caller, const std::source_location& where);

/// In a handler: a library's fault is noted for `load_tasks`; any other ends the program.
void registration_failed(const std::exception& error);

struct registered {
  std::unique_ptr<named_task> task;
  const void* function;
};
class library_load;

} // namespace detail

class registry {
public:
  /// The program's.
  static registry& global();

  /// Errors: `std::system_error{errc::duplicate_id}` with both places; `argument_error` for a default.
  template <class R, class... Args>
  const named_task& add(R (*function)(Args...), std::string name, named_options how = {},
                        std::source_location where = std::source_location::current()) {
    detail::check_stamp(detail::headers_stamp, where);
    return keep({detail::make_named(function, std::move(name), std::move(how), where),
                 reinterpret_cast<const void*>(function)});
  }
  /// As `add`, for what is registered before `main` or by a library. Null: the library is refused.
  template <class R, class... Args>
  const named_task* add_at_start(R (*function)(Args...), std::string name, named_options how = {},
                                 std::source_location where = std::source_location::current()) {
    try {
      return &add(function, std::move(name), std::move(how), where);
    } catch (const std::exception& error) {
      detail::registration_failed(error);
      return nullptr;
    }
  }

  /// Null: there is none. What was found stays.
  const named_task* find(std::string_view name) const;
  /// Of several names of one function the first by order.
  template <class R, class... Args>
  const named_task* find(R (*function)(Args...)) const {
    return find_address(reinterpret_cast<const void*>(function));
  }
  /// As `find`; or why not, naming what comes near.
  expected<const named_task*> look_up(std::string_view name) const;
  /// In the order of their names.
  std::vector<const named_task*> list() const;

  /// For who has lost its type.
  const named_task* find_address(const void* function) const;

private:
  friend class detail::library_load;

  const named_task& keep(detail::registered what);
  /// All of them or none. Errors: as `add`.
  void take(std::vector<detail::registered>& many);
  // Under the lock:
  void check_free(const named_task& task) const;
  const named_task& insert(detail::registered what);

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<named_task>, std::less<>> tasks_;
  std::unordered_map<const void*, const named_task*> by_function_;
};

} // namespace taskactor

#define TASKACTOR_JOINED_AGAIN(a, b) a##b
#define TASKACTOR_JOINED(a, b) TASKACTOR_JOINED_AGAIN(a, b)
/// A function under its own name.
#define TASKACTOR_REGISTER(function) TASKACTOR_REGISTER_AS(function, #function)
/// A function under a name, and perhaps `named_options`.
#define TASKACTOR_REGISTER_AS(function, ...)                                                                 \
  [[maybe_unused]] static const ::taskactor::named_task* const TASKACTOR_JOINED(taskactor_registered_,       \
                                                                                __COUNTER__)                 \
      = ::taskactor::registry::global().add_at_start(function, __VA_ARGS__)
