/// Errors: those of a category of our own, that of an enum, of which there is one; and what CAF answers for
/// an actor that ends.
#pragma once

#include "caf_adapter/compat.hpp"

#include <caf/error.hpp>
#include <caf/message.hpp>
#if TASKACTOR_CAF_0
#include <caf/atom.hpp>
#else
#include <caf/sec.hpp>
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
/// 1.x answers so where an actor has taken up a call and let go of it: it doesn't know whether it ends.
inline bool is_broken_promise(const caf::error&) noexcept { return false; }
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
inline bool is_broken_promise(const caf::error& error) noexcept { return error == caf::sec::broken_promise; }
#endif

} // namespace taskactor::detail
