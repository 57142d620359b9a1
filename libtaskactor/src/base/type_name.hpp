/// Names as their authors wrote them.
#pragma once

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <typeinfo>

namespace taskactor::detail {

inline std::string demangled_name(const char* symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name{abi::__cxa_demangle(symbol, nullptr, nullptr, &status),
                                                    std::free};
  return status == 0 ? name.get() : symbol;
}

inline std::string type_name(const std::type_info& type) { return demangled_name(type.name()); }

} // namespace taskactor::detail
