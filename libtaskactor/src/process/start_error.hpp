/// Why a command could not be started: thrown within this layer, delivered to a listener.
#pragma once

#include <taskactor/errc.hpp>

#include <stdexcept>
#include <string>

namespace taskactor::detail {

class start_error : public std::runtime_error {
public:
  start_error(errc code, const std::string& message) : std::runtime_error(message), code_(code) {}
  errc code() const noexcept { return code_; }

private:
  errc code_;
};

} // namespace taskactor::detail
