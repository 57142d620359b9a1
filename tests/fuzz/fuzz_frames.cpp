// The decoder of frames, against a second one that is as simple as can be. The input: how many lengths of
// pieces follow (a byte), these lengths (a byte each, used over and over), and a stream, which comes in such
// pieces.
#include "fuzz.hpp"

#include "transport/frame.hpp"

#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace taskactor::detail;
using fuzz::check;
using fuzz::json;

namespace {

/// A CBOR value of the kinds that are sent, by recursion and byte after byte; null: it is none of these.
class reference_reader {
public:
  explicit reference_reader(std::string_view bytes) : rest_(bytes) {}

  std::optional<json> read_all() {
    auto value = read(0);
    if (!rest_.empty())
      value.reset();
    return value;
  }

private:
  std::optional<std::uint64_t> number(std::size_t size) {
    if (rest_.size() < size)
      return {};
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value = value << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(size);
    return value;
  }
  std::optional<std::string_view> string(std::uint64_t size) {
    if (size > rest_.size())
      return {};
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::optional<json> read(std::size_t depth) {
    const auto first = number(1);
    if (!first)
      return {};
    const auto major = *first >> 5U, info = *first & 31U;
    if (info > 27)
      return {};
    const auto value = info < 24 ? info : number(std::size_t{1} << (info - 24U));
    if (!value)
      return {};
    switch (major) {
    case 0:
      return json(*value);
    case 1:
      return negative(*value);
    case 2:
      return bytes(*value);
    case 3:
      return text(*value);
    case 4:
      return depth < frame_depth ? array(*value, depth + 1) : std::nullopt;
    case 5:
      return depth < frame_depth ? object(*value, depth + 1) : std::nullopt;
    case 7:
      return simple(info, *value);
    default:
      return {};
    }
  }
  static std::optional<json> negative(std::uint64_t value) {
    if (value > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
      return {}; // no integer of C++'s is so small
    return json(-1 - static_cast<std::int64_t>(value));
  }
  std::optional<json> bytes(std::uint64_t size) {
    const auto content = string(size);
    return content ? std::optional{json::binary({content->begin(), content->end()})} : std::nullopt;
  }
  std::optional<json> text(std::uint64_t size) {
    const auto content = string(size);
    return content ? std::optional{json(*content)} : std::nullopt;
  }
  std::optional<json> array(std::uint64_t size, std::size_t depth) {
    auto result = json::array();
    for (; size != 0; --size) {
      auto each = read(depth);
      if (!each)
        return {};
      result.push_back(std::move(*each));
    }
    return result;
  }
  std::optional<json> object(std::uint64_t size, std::size_t depth) {
    auto result = json::object();
    for (; size != 0; --size) {
      const auto key = read(depth);
      if (!key || !key->is_string())
        return {};
      auto value = read(depth);
      if (!value)
        return {};
      result[key->get<std::string>()] = std::move(*value); // of two with one key the last
    }
    return result;
  }
  static std::optional<json> simple(std::uint64_t info, std::uint64_t value) {
    switch (info) {
    case 20:
      return json(false);
    case 21:
      return json(true);
    case 22:
      return json(nullptr);
    case 25:
      return json(half(value));
    case 26:
      return json(static_cast<double>(of_bits<float>(static_cast<std::uint32_t>(value))));
    case 27:
      return json(of_bits<double>(value));
    default:
      return {};
    }
  }
  /// RFC 8949, appendix D.
  static double half(std::uint64_t bits) {
    const auto exponent = static_cast<int>(bits >> 10U & 31U);
    const auto mantissa = static_cast<double>(bits & 1023U);
    const auto value = exponent == 0    ? std::ldexp(mantissa, -24)
                       : exponent != 31 ? std::ldexp(mantissa + 1024, exponent - 25)
                       : mantissa == 0  ? std::numeric_limits<double>::infinity()
                                        : std::numeric_limits<double>::quiet_NaN();
    return (bits & 0x8000U) != 0 ? -value : value;
  }
  template <class Number, class Bits>
  static Number of_bits(Bits bits) {
    static_assert(sizeof(Number) == sizeof(Bits));
    Number number{};
    std::memcpy(&number, &bits, sizeof number);
    return number;
  }

  std::string_view rest_;
};

struct cut {
  std::vector<std::string> frames{};
  bool broken = false;
  bool operator==(const cut&) const = default;
};

cut reference_cut(std::string_view stream) {
  cut result;
  while (stream.size() >= 4) {
    std::size_t length = 0;
    for (int i = 0; i < 4; ++i)
      length = length << 8 | static_cast<unsigned char>(stream[i]);
    result.broken = length == 0 || length > frame_limit;
    if (result.broken || stream.size() - 4 < length)
      break;
    result.frames.emplace_back(stream.substr(4, length));
    stream.remove_prefix(4 + length);
  }
  return result;
}

void take_all(frame_cutter& cutter, cut& into) {
  while (const auto content = cutter.next())
    into.frames.emplace_back(*content);
}

/// Feeds and takes what is whole, as a link does.
void feed(frame_cutter& cutter, std::string_view bytes, cut& into) {
  const bool sound = cutter.feed(bytes);
  take_all(cutter, into);
  into.broken = !sound || !cutter.feed({});
}

/// That it is broken is told with the byte that breaks it, so that nothing of such a frame is waited for and
/// kept.
void check_pieces(std::string_view stream, const std::vector<std::size_t>& pieces) {
  frame_cutter cutter;
  cut got;
  std::size_t at = 0;
  for (std::size_t round = 0; at < stream.size(); ++round) {
    const auto piece = stream.substr(at, pieces.empty() ? 1 : pieces[round % pieces.size()]);
    feed(cutter, piece, got);
    at += piece.size();
    // For each piece of a long stream it would take for ever.
    if (stream.size() < 256 || at == stream.size())
      check(got == reference_cut(stream.substr(0, at)),
            "however a stream is cut, the frames in it are the same");
  }
  if (got.broken) {
    check(!cutter.feed(make_frame(1)) && !cutter.next(), "a broken stream stays broken");
    check(!cutter.feed(stream) && !cutter.next(), "a broken stream stays broken");
  }
}

/// Whoever takes no frame before all bytes have come, gets the same.
void check_late(std::string_view stream, const std::vector<std::size_t>& pieces) {
  frame_cutter cutter;
  for (std::size_t at = 0, round = 0; at < stream.size(); ++round) {
    const auto piece = stream.substr(at, pieces.empty() ? 1 : pieces[round % pieces.size()]);
    static_cast<void>(cutter.feed(piece));
    at += piece.size();
  }
  cut got;
  take_all(cutter, got);
  got.broken = !cutter.feed({});
  check(got == reference_cut(stream), "whenever frames are taken, they are the same");
}

void check_content(std::string_view content) {
  const auto value = read_frame(content);
  const auto expected = reference_reader{content}.read_all();
  check(value.has_value() == expected.has_value(), "what is a frame is one to the other decoder, too");
  if (!value)
    return;
  check(fuzz::same(*value, *expected), "a frame says the same to the other decoder");
  check(is_shallow(content), "what is read is shallow");
  check(!read_frame(content.substr(0, content.size() - 1)), "a frame that lacks a byte is refused");
  check(!read_frame(std::string{content} + '\0'), "a frame with a byte behind it is refused");

  const auto frame = make_frame(*value);
  frame_cutter cutter;
  check(cutter.feed(frame), "a frame that was made can be cut");
  const auto again = cutter.next();
  check(again && !cutter.next(), "a frame that was made is one frame");
  const auto back = read_frame(*again);
  check(back && fuzz::same(*back, *value), "a frame that was made says what it was made of");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fuzz::text_of(data, size);
  if (input.empty())
    return 0;
  const auto count = std::min<std::size_t>(static_cast<unsigned char>(input[0]), input.size() - 1);
  std::vector<std::size_t> pieces;
  for (const auto length : input.substr(1, count))
    pieces.push_back(static_cast<unsigned char>(length));
  if (std::all_of(pieces.begin(), pieces.end(), [](std::size_t length) { return length == 0; }))
    pieces.clear(); // it would never come to an end
  const auto stream = input.substr(1 + count);

  check_pieces(stream, pieces);
  check_pieces(stream, {stream.size()});
  check_late(stream, pieces);
  for (const auto& content : reference_cut(stream).frames)
    check_content(content);
  check_content(stream);
  return 0;
}
