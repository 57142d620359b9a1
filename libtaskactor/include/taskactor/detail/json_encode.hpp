/// `detail::encode`: C++ values as JSON, as `json_value.hpp` reads them. Not for users.
#pragma once

#include <taskactor/detail/json_type.hpp>

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

template <class T>
json encode(const T& value);

template <class T, std::size_t... I>
json encode_fixed(const T& value, std::index_sequence<I...>) {
  auto result = json::array();
  (result.push_back(encode(std::get<I>(value))), ...);
  return result;
}

template <class T>
json encode(const T& value) {
  static_assert(!character<T>, "a character is no JSON value: give a std::string");
  if constexpr (is_optional<T>)
    return value ? encode(*value) : json(nullptr);
  else if constexpr (dictionary<T>) {
    auto result = json::object();
    for (const auto& [key, content] : value)
      result[key] = encode(content);
    return result;
  } else if constexpr (sequence<T>) {
    if constexpr (is_byte<typename T::value_type>) {
      json::binary_t::container_type bytes;
      for (const auto byte : value)
        bytes.push_back(static_cast<std::uint8_t>(byte));
      return json::binary(std::move(bytes));
    } else {
      auto result = json::array();
      for (const auto& each : value)
        result.push_back(encode(static_cast<const typename T::value_type&>(each)));
      return result;
    }
  } else if constexpr (fixed<T>)
    return encode_fixed(value, std::make_index_sequence<std::tuple_size_v<T>>{});
  else {
    static_assert(
        requires { json(value); },
        "this type has no JSON form: give it one by NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE, or by a to_json");
    auto made = json(value);
    if constexpr (std::is_enum_v<T>)
      if constexpr (std::is_unsigned_v<std::underlying_type_t<T>>)
        if (made.is_number_integer()) // nlohmann-json 3.11.2 makes it negative from 2^63 on
          made = made.template get<std::uint64_t>();
    return made;
  }
}

} // namespace taskactor::detail
