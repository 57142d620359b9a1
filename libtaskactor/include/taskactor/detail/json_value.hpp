/// `detail::decode<T>`: C++ values from JSON, without silent conversions; `json_encode.hpp` is the way back.
/// Not for users.
///
/// | C++                                          | JSON                                                    |
/// |----------------------------------------------|---------------------------------------------------------|
/// | bool, integers, floating point, std::string  | as nlohmann-json has them; what doesn't fit is refused  |
/// | std::optional                                | null, or the value                                      |
/// | std::vector of std::byte or unsigned char    | binary (so that CBOR keeps bytes as bytes), or an array |
/// | other sequences, sets; maps with string keys | arrays; objects                                         |
/// | std::array, std::pair, std::tuple            | arrays of that length                                   |
/// | enums and types of the user's                | by nlohmann-json's macros or functions;                 |
/// |                                              | what doesn't come back as it went in has not fitted     |
#pragma once

#include <taskactor/detail/json_encode.hpp>
#include <taskactor/detail/json_type.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace taskactor::detail {

/// A value in an error's text: its beginning, if it is long.
std::string shown(const json& value);
/// What nlohmann-json has to say, without its numbers.
std::string plain_text(const json::exception& error);
/// The part of `given` that is another one in `back`, or null: what didn't fit.
const json* lost(const json& given, const json& back);

/// A value that isn't what it should be.
struct decode_fault {
  std::string path{}; // within the value: "[2].width"
  std::string expected{};
  std::string got{};
};

[[noreturn]] inline void refuse_value(std::string expected, const json& got) {
  throw decode_fault{{}, std::move(expected), shown(got)};
}

/// Runs `part`; what it refuses is at `where` in the whole.
template <class F>
auto within(const std::string& where, F&& part) {
  try {
    return part();
  } catch (decode_fault& fault) {
    fault.path = where + fault.path;
    throw;
  }
}

template <class T>
T decode(const json& from);

template <std::integral T>
T decode_integer(const json& from) {
  const bool fits = from.is_number_unsigned()  ? std::in_range<T>(from.get<std::uint64_t>())
                    : from.is_number_integer() ? std::in_range<T>(from.get<std::int64_t>())
                                               : false;
  if (!fits)
    refuse_value("an integer from " + std::to_string(std::numeric_limits<T>::min()) + " to "
                     + std::to_string(std::numeric_limits<T>::max()),
                 from);
  return from.get<T>();
}

template <std::floating_point T>
T decode_floating(const json& from) {
  if (!from.is_number())
    refuse_value("a number", from);
  const auto value = from.get<double>();
  if (std::isfinite(value) && std::abs(value) > static_cast<double>(std::numeric_limits<T>::max()))
    refuse_value("a number that a " + type_text<T>() + " can hold", from);
  return static_cast<T>(value);
}

template <class T>
T decode_sequence(const json& from) {
  T result;
  if constexpr (is_byte<typename T::value_type>)
    if (from.is_binary()) {
      for (const auto byte : from.get_binary())
        result.insert(result.end(), static_cast<typename T::value_type>(byte));
      return result;
    }
  if (!from.is_array())
    refuse_value(type_text<T>(), from);
  for (std::size_t i = 0; i < from.size(); ++i)
    within('[' + std::to_string(i) + ']', [&] {
      if constexpr (std::same_as<typename T::value_type, std::byte>)
        result.insert(result.end(), static_cast<std::byte>(decode<unsigned char>(from[i])));
      else
        result.insert(result.end(), decode<typename T::value_type>(from[i]));
    });
  return result;
}

template <class T>
T decode_dictionary(const json& from) {
  if (!from.is_object())
    refuse_value(type_text<T>(), from);
  T result;
  for (const auto& [key, value] : from.items())
    within('.' + key, [&, &name = key, &content = value] {
      result.emplace(name, decode<typename T::mapped_type>(content));
    });
  return result;
}

template <class T, std::size_t... I>
T decode_fixed(const json& from, std::index_sequence<I...>) {
  if (!from.is_array() || from.size() != sizeof...(I))
    refuse_value(type_text<T>(), from);
  return T{within('[' + std::to_string(I) + ']',
                  [&] { return decode<std::remove_cvref_t<std::tuple_element_t<I, T>>>(from[I]); })...};
}

template <class T>
T decode_user(const json& from) {
  static_assert(
      requires { from.get<T>(); },
      "this type has no JSON form: give it one by NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE, or by a from_json");
  try {
    auto value = from.get<T>();
    if constexpr (requires { json(value); }) {
      const auto back = encode(value);
      if (const auto* part = std::is_enum_v<T> && back != from ? &from : lost(from, back))
        refuse_value("a value that fits into " + type_text<T>(), *part);
    }
    return value;
  } catch (const json::exception& error) {
    refuse_value(type_text<T>() + " (" + plain_text(error) + ')', from);
  }
}

template <class T>
T decode(const json& from) {
  static_assert(!character<T>, "a character is no JSON value: take a std::string");
  if constexpr (std::same_as<T, json>)
    return from;
  else if constexpr (std::same_as<T, bool> || std::same_as<T, std::string>) {
    if (std::same_as<T, bool> ? !from.is_boolean() : !from.is_string())
      refuse_value(std::same_as<T, bool> ? "true or false" : "a string", from);
    return from.get<T>();
  } else if constexpr (std::integral<T>)
    return decode_integer<T>(from);
  else if constexpr (std::floating_point<T>)
    return decode_floating<T>(from);
  else if constexpr (is_optional<T>)
    return from.is_null() ? T{} : T{decode<typename T::value_type>(from)};
  else if constexpr (dictionary<T>)
    return decode_dictionary<T>(from);
  else if constexpr (sequence<T>)
    return decode_sequence<T>(from);
  else if constexpr (fixed<T>)
    return decode_fixed<T>(from, std::make_index_sequence<std::tuple_size_v<T>>{});
  else
    return decode_user<T>(from);
}

} // namespace taskactor::detail
