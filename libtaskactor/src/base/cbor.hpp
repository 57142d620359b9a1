/// The few kinds of CBOR values (RFC 8949) that frames of a known form consist of, written and read in place:
/// a value tree for each frame was a third of what a short call between nodes cost the thread that serves
/// links.
///
///     cbor_writer to;  to.array(2), to.number(7), to.text("x");  to.take()
///     cbor_reader from{bytes};  from.array(), from.number(), from.text();  from.sound() && from.at_end()
///
/// Written in the shortest form; read in any of known length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace taskactor::detail {

enum class cbor_kind : std::uint8_t { number, negative, bytes, text, array, map, tag, simple };

/// What a value begins with: how long it is, for strings and arrays; of what is `simple`, the bits.
struct cbor_head {
  cbor_kind kind;
  std::uint8_t size; // bytes of `value`, behind the first; zero: it was in that
  std::uint64_t value;
};
/// Takes it off `rest`. Null: there is none, or its length isn't given.
std::optional<cbor_head> take_cbor_head(std::string_view& rest) noexcept;

class cbor_writer {
public:
  /// Behind so many bytes that are left free.
  explicit cbor_writer(std::size_t before = 0) : bytes_(before, '\0') {}
  void array(std::size_t items) { head(cbor_kind::array, items); }
  void number(std::uint64_t value) { head(cbor_kind::number, value); }
  void integer(std::int64_t value);
  void text(std::string_view value) { string(cbor_kind::text, value); }
  void bytes(std::string_view value) { string(cbor_kind::bytes, value); }
  std::string take() noexcept { return std::move(bytes_); }

private:
  void head(cbor_kind kind, std::uint64_t value);
  void string(cbor_kind kind, std::string_view value);
  std::string bytes_;
};

/// What isn't of the kind that is asked for reads as nothing, and is noted. Strings are views of what is
/// read.
class cbor_reader {
public:
  explicit cbor_reader(std::string_view bytes) noexcept : rest_(bytes) {}
  /// How many items follow: no more than there are bytes.
  std::size_t array() noexcept { return static_cast<std::size_t>(head(cbor_kind::array)); }
  std::uint64_t number() noexcept { return head(cbor_kind::number); }
  std::int64_t integer() noexcept;
  std::string_view text() noexcept { return string(cbor_kind::text); }
  std::string_view bytes() noexcept { return string(cbor_kind::bytes); }

  bool sound() const noexcept { return sound_; }
  bool at_end() const noexcept { return rest_.empty(); }

private:
  std::uint64_t head(cbor_kind kind) noexcept;
  std::string_view string(cbor_kind kind) noexcept;
  std::string_view rest_;
  bool sound_ = true;
};

} // namespace taskactor::detail
