/// What is registered while this thread loads a library: kept apart until the library is known to be sound,
/// since nobody can catch what a registration throws within dlopen(3).
#pragma once

#include <taskactor/registry.hpp>

#include <string>
#include <vector>

namespace taskactor::detail {

class library_load {
public:
  /// A library may load another one when it is loaded.
  library_load() noexcept;
  library_load(const library_load&) = delete;
  library_load& operator=(const library_load&) = delete;
  ~library_load();
  /// This thread's; null: none.
  static library_load* current() noexcept;

  const named_task& add(registered what);
  void note_fault(std::string why);
  /// Nothing was registered, nor tried to be.
  bool empty() const noexcept { return tasks_.empty() && faults_.empty(); }
  /// All of them join the registry, or none. Errors: `std::system_error`, with the first fault.
  void commit();

private:
  library_load* const outer_;
  std::vector<registered> tasks_;
  std::vector<std::string> faults_;
};

} // namespace taskactor::detail
