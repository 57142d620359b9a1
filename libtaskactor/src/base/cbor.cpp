#include "base/cbor.hpp"

#include <limits>

namespace taskactor::detail {

namespace {

constexpr unsigned kind_shift = 5, info_mask = 31;
constexpr unsigned small = 24, last_info = 27; // below: the value itself; up to: the width of what follows

constexpr std::uint64_t most_integer = std::numeric_limits<std::int64_t>::max();

} // namespace

std::optional<cbor_head> take_cbor_head(std::string_view& rest) noexcept {
  if (rest.empty())
    return {};
  const auto first = static_cast<unsigned char>(rest.front());
  const auto kind = static_cast<cbor_kind>(first >> kind_shift);
  const unsigned info = first & info_mask;
  if (info > last_info)
    return {};
  if (info < small) {
    rest.remove_prefix(1);
    return cbor_head{kind, 0, info};
  }
  const std::size_t size = std::size_t{1} << (info - small);
  if (rest.size() <= size)
    return {};
  std::uint64_t value = 0;
  for (std::size_t i = 1; i <= size; ++i)
    value = value << 8 | static_cast<unsigned char>(rest[i]);
  rest.remove_prefix(1 + size);
  return cbor_head{kind, static_cast<std::uint8_t>(size), value};
}

void cbor_writer::head(cbor_kind kind, std::uint64_t value) {
  const auto first = static_cast<unsigned>(kind) << kind_shift;
  if (value < small) {
    bytes_ += static_cast<char>(first | value);
    return;
  }
  unsigned width = 0; // the size of the value is 2 to the power of it
  while (width < 3 && value >> (8U << width) != 0)
    ++width;
  bytes_ += static_cast<char>(first | (small + width));
  for (unsigned left = 1U << width; left != 0; --left)
    bytes_ += static_cast<char>(value >> (8 * (left - 1)));
}

void cbor_writer::integer(std::int64_t value) {
  if (value >= 0)
    head(cbor_kind::number, static_cast<std::uint64_t>(value));
  else
    head(cbor_kind::negative, ~static_cast<std::uint64_t>(value)); // -1 - value
}

void cbor_writer::string(cbor_kind kind, std::string_view value) {
  constexpr std::size_t around = 64; // what else there is in a frame; a long one is to be copied once
  if (bytes_.capacity() - bytes_.size() < value.size() + around)
    bytes_.reserve(bytes_.size() + value.size() + around);
  head(kind, value.size());
  bytes_ += value;
}

std::uint64_t cbor_reader::head(cbor_kind kind) noexcept {
  const auto got = sound_ ? take_cbor_head(rest_) : std::nullopt;
  sound_ = got && got->kind == kind && (kind != cbor_kind::array || got->value <= rest_.size());
  return sound_ ? got->value : 0;
}

std::int64_t cbor_reader::integer() noexcept {
  const auto got = sound_ ? take_cbor_head(rest_) : std::nullopt;
  sound_ = got && (got->kind == cbor_kind::number || got->kind == cbor_kind::negative)
           && got->value <= most_integer;
  if (!sound_)
    return 0;
  const auto value = static_cast<std::int64_t>(got->value);
  return got->kind == cbor_kind::number ? value : -1 - value;
}

std::string_view cbor_reader::string(cbor_kind kind) noexcept {
  const auto size = head(kind);
  sound_ = sound_ && size <= rest_.size();
  if (!sound_)
    return {};
  const auto value = rest_.substr(0, static_cast<std::size_t>(size));
  rest_.remove_prefix(value.size());
  return value;
}

} // namespace taskactor::detail
