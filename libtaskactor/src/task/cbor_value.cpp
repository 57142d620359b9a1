#include "task/cbor_value.hpp"

#include "base/cbor.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace taskactor::detail {

namespace {

using nlohmann::json;

/// IEEE 754's half precision: a bit for the sign, 5 for the exponent, 10 for the fraction.
double half(std::uint64_t bits) {
  constexpr unsigned fraction_bits = 10, exponent_mask = 31, sign_bit = 15;
  constexpr int bias = 15;
  const auto exponent = static_cast<int>(bits >> fraction_bits & exponent_mask);
  const auto fraction = static_cast<double>(bits & ((1U << fraction_bits) - 1));
  constexpr double one = 1U << fraction_bits;
  const double size = exponent == 0               ? std::ldexp(fraction / one, 1 - bias)
                      : exponent != exponent_mask ? std::ldexp(1 + fraction / one, exponent - bias)
                      : fraction == 0             ? std::numeric_limits<double>::infinity()
                                                  : std::numeric_limits<double>::quiet_NaN();
  return (bits >> sign_bit & 1U) != 0 ? -size : size;
}

bool take_simple(const cbor_head& head, json& into) {
  enum : std::uint64_t { no = 20, yes = 21, null = 22 };
  switch (head.size) {
  case 0:
    if (head.value < no || head.value > null)
      return false;
    into = head.value == null ? json{} : json(head.value == yes);
    return true;
  case 2:
    into = half(head.value);
    return true;
  case 4:
    into = static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(head.value)));
    return true;
  case 8:
    into = std::bit_cast<double>(head.value);
    return true;
  default:
    return false;
  }
}

/// Arrays and objects that are read, from the outermost in, and how many items of each are still to come.
class reader {
public:
  explicit reader(std::string_view bytes) : rest_(bytes) {}

  std::optional<json> read() {
    json whole;
    for (json* next = &whole; next; next = next_place())
      if (!take(*next))
        return {};
    if (broken_ || !rest_.empty())
      return {};
    return whole;
  }

private:
  struct open {
    json* value;
    std::uint64_t left;
  };

  /// Where the next item goes; null: all is read, or what comes is no key.
  json* next_place() {
    while (!open_.empty() && open_.back().left == 0)
      open_.pop_back();
    if (open_.empty())
      return nullptr;
    auto& [value, left] = open_.back();
    --left;
    if (value->is_array())
      return &value->get_ref<json::array_t&>().emplace_back();
    const auto key = take_string(take_cbor_head(rest_), cbor_kind::text);
    broken_ = !key;
    return key ? &value->get_ref<json::object_t&>()[std::string{*key}] : nullptr;
  }

  bool take(json& into) {
    const auto head = take_cbor_head(rest_);
    if (!head)
      return false;
    switch (head->kind) {
    case cbor_kind::number:
      into = head->value;
      return true;
    case cbor_kind::negative:
      into = -1 - static_cast<std::int64_t>(head->value);
      return head->value <= std::uint64_t{std::numeric_limits<std::int64_t>::max()};
    case cbor_kind::text:
      if (const auto text = take_string(head, cbor_kind::text))
        return into = std::string{*text}, true;
      return false;
    case cbor_kind::bytes:
      if (const auto bytes = take_string(head, cbor_kind::bytes))
        return into = json::binary({bytes->begin(), bytes->end()}), true;
      return false;
    case cbor_kind::array:
    case cbor_kind::map:
      return begin(*head, into);
    case cbor_kind::simple:
      return take_simple(*head, into);
    case cbor_kind::tag:
      break;
    }
    return false;
  }

  bool begin(const cbor_head& head, json& into) {
    if (head.value > rest_.size()) // each takes a byte at least
      return false;
    into = head.kind == cbor_kind::array ? json::array() : json::object();
    open_.push_back({&into, head.value});
    return true;
  }

  std::optional<std::string_view> take_string(const std::optional<cbor_head>& head, cbor_kind kind) {
    if (!head || head->kind != kind || head->value > rest_.size())
      return {};
    const auto taken = rest_.substr(0, static_cast<std::size_t>(head->value));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view rest_;
  std::vector<open> open_;
  bool broken_ = false;
};

} // namespace

std::optional<json> read_cbor(std::string_view bytes) { return reader{bytes}.read(); }

} // namespace taskactor::detail
