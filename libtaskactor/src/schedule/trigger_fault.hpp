/// What is wrong with a text, a JSON value or an option that a trigger is to be made of, on its way to the
/// caller.
#pragma once

#include <taskactor/expected.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace taskactor::detail {

/// Thrown within the layer alone: the front doors answer with a rejection.
struct trigger_fault {
  std::string what; ///< what would be right
  std::string
      field{}; ///< which option, or part of JSON: "zone", "any_of[1].count"; empty where the words say it
  std::string words{};                 ///< what stands there
  std::optional<std::size_t> offset{}; ///< of the words, in the text that was read or in the field's own text
};

/// An option that can't be as it is; whoever reads a text adds where it stands.
[[noreturn]] inline void refuse_field(std::string field, std::string what, std::string_view words = {}) {
  throw trigger_fault{std::move(what), std::move(field), std::string{words}, {}};
}

/// Words of a text.
[[noreturn]] inline void refuse_words(std::string_view words, std::size_t offset, std::string what) {
  throw trigger_fault{std::move(what), {}, std::string{words}, offset};
}

/// `zone: "Mars" (column 18): there is no ...`
std::string fault_text(const trigger_fault& fault);

/// What `make` returns, or its fault as a rejection.
template <class Make>
auto made(Make&& make) -> expected<decltype(make())> {
  try {
    return make();
  } catch (const trigger_fault& fault) {
    return rejection{errc::invalid_argument, fault_text(fault)};
  }
}

} // namespace taskactor::detail
