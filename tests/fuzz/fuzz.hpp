/// What the fuzz targets share. A target is one function of bytes, which ends the program when an invariant
/// doesn't hold: libFuzzer calls it (`./dev fuzz`), and `corpus_main.cpp` does for the files of the corpus
/// (`./dev test`).
#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

using nlohmann::json;

inline void check(bool holds, const char* invariant) {
  if (holds)
    return;
  std::fprintf(stderr, "broken: %s\n", invariant);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline bool is_negative(const json& integer) {
  return !integer.is_number_unsigned() && integer.get<std::int64_t>() < 0;
}

/// Of one kind and one value. Not `==`: to nlohmann-json -1 is 2^64 - 1 as well, and no NaN is a NaN.
inline bool same(const json& a, const json& b) {
  if (a.is_number_integer() && b.is_number_integer()) // it has two kinds of these
    return is_negative(a) == is_negative(b) && a.get<std::uint64_t>() == b.get<std::uint64_t>();
  if (a.type() != b.type())
    return false;
  if (a.is_number_float()) {
    const auto x = a.get<double>(), y = b.get<double>();
    return std::isnan(x) ? std::isnan(y) : x == y && std::signbit(x) == std::signbit(y);
  }
  if (a.is_array())
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
  if (!a.is_object())
    return a == b;
  return a.size() == b.size() && std::all_of(a.items().begin(), a.items().end(), [&b](const auto& item) {
           const auto at = b.find(item.key());
           return at != b.end() && same(item.value(), *at);
         });
}

} // namespace fuzz
