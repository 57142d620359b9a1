/// Errors of a category of our own: that of an enum, of which there is one.
#pragma once

#include "caf_compat.hpp"

#include <caf/error.hpp>
#include <caf/message.hpp>
#if TASKACTOR_CAF_0
#include <caf/atom.hpp>
#endif

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace taskactor::detail {

#if TASKACTOR_CAF_0
template <class Code>
caf::error error_of(Code code, std::string text) {
  auto context = text.empty() ? caf::message{} : caf::make_message(std::move(text));
  return {static_cast<std::uint8_t>(code), caf::atom("taskactor"), std::move(context)};
}
template <class Code>
std::optional<Code> code_of(const caf::error& error) noexcept {
  return error && error.category() == caf::atom("taskactor") ? std::optional{static_cast<Code>(error.code())}
                                                             : std::nullopt;
}
#else
template <class Code>
caf::error error_of(Code code, std::string text) {
  return text.empty() ? caf::error{code} : caf::make_error(code, std::move(text));
}
template <class Code>
std::optional<Code> code_of(const caf::error& error) noexcept {
  return error && error.category() == caf::type_id_v<Code> ? std::optional{static_cast<Code>(error.code())}
                                                           : std::nullopt;
}
#endif

} // namespace taskactor::detail
