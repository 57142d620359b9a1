/// Which kinds of C++ types have a JSON form, and how a signature names them. Not for users: see
/// `json_value.hpp`.
#pragma once

#include <nlohmann/json.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace taskactor::detail {

using json = nlohmann::json;

std::string demangled(const std::type_info& type);

template <class T>
inline constexpr bool is_byte = std::same_as<T, std::byte> || std::same_as<T, unsigned char>;
template <class T>
concept sequence = requires(T t, typename T::value_type v) {
  t.insert(t.end(), std::move(v));
  t.begin();
} && !std::same_as<T, std::string> && !std::same_as<T, json> && !requires { typename T::mapped_type; };
template <class T>
concept dictionary = requires { typename T::mapped_type; }
                     && std::same_as<typename T::key_type, std::string> && !std::same_as<T, json>;
template <class T>
concept fixed = requires { std::tuple_size<T>::value; };
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
concept character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t>
                    || std::same_as<T, char16_t> || std::same_as<T, char32_t>;

/// How a signature and an error name a type.
template <class T>
std::string type_text();

template <class Tuple, std::size_t... I>
std::string types_text(std::index_sequence<I...>) {
  std::string text;
  ((text += (I == 0 ? "" : ", ") + type_text<std::tuple_element_t<I, Tuple>>()), ...);
  return text;
}

template <class T>
std::string type_text() {
  if constexpr (std::is_void_v<T>)
    return "nothing";
  else if constexpr (std::same_as<T, json>)
    return "any";
  else if constexpr (std::same_as<T, std::string>)
    return "string";
  else if constexpr (is_optional<T>)
    return type_text<typename T::value_type>() + '?';
  else if constexpr (dictionary<T>)
    return "{string: " + type_text<typename T::mapped_type>() + '}';
  else if constexpr (sequence<T>) {
    if constexpr (is_byte<typename T::value_type>)
      return "bytes";
    else
      return '[' + type_text<typename T::value_type>() + ']';
  } else if constexpr (fixed<T>)
    return '[' + types_text<T>(std::make_index_sequence<std::tuple_size_v<T>>{}) + ']';
  else
    return demangled(typeid(T));
}

} // namespace taskactor::detail
