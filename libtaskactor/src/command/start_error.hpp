/// Why a command could not be started: thrown within this layer, delivered to a listener.
#pragma once

#include <taskactor/errc.hpp>

#include <stdexcept>
#include <string>

namespace taskactor::detail {

class start_error : public std::runtime_error {
public:
  start_error(errc code, const std::string& message, bool shortage = false)
      : std::runtime_error(message), code_(code), shortage_(shortage) {}
  errc code() const noexcept { return code_; }
  /// It may be started when something else has ended.
  bool is_shortage() const noexcept { return shortage_; }

private:
  errc code_;
  bool shortage_;
};

} // namespace taskactor::detail
