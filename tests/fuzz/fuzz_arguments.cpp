// The decoder of arguments: an input is the function (a byte) and CBOR, as a worker gets it. What is accepted
// must be what was given, and come back unchanged; the only error is `argument_error`.
#include "fuzz.hpp"

#include "transport/frame.hpp"
#include <taskactor/registry.hpp>

#include <array>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace taskactor;
using fuzz::check;

namespace fuzzed {

enum class colour { red, green };
NLOHMANN_JSON_SERIALIZE_ENUM(colour, {{colour::red, "red"}, {colour::green, "green"}})
enum class code : std::uint64_t {};

struct point {
  int x = 0;
  std::uint64_t y = 0;
  double z = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(point, x, y, z)

struct shape {
  std::string name;
  bool filled = false;
  std::int16_t width = 0;
  float height = 0;
  colour paint{};
  std::vector<point> points;
  std::array<unsigned char, 2> border{};
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(shape, name, filled, width, height, paint, points, border)

} // namespace fuzzed

namespace {

/// A number that is `given`: to the digit if it is an integer now, else as near as a float comes.
bool kept_number(const json& given, const json& back) {
  if (back.is_number_float()) {
    const auto a = given.get<double>(), b = back.get<double>();
    return std::isnan(a)
               ? std::isnan(b)
               : a == b || std::abs(a - b) <= std::abs(a) * 1e-6 + std::numeric_limits<float>::min();
  }
  if (given.is_number_float())
    return given.get<double>()
           == (fuzz::is_negative(back) ? static_cast<double>(back.get<std::int64_t>())
                                       : static_cast<double>(back.get<std::uint64_t>()));
  return fuzz::same(given, back);
}

/// That a value has lost nothing by having been one of C++'s, but the keys that a struct doesn't know, and an
/// enumerator within it that there isn't: nlohmann-json takes the first one for that.
bool kept(const json& given, const json& back) {
  if (back == "red")
    return true;
  if (given.is_number() && back.is_number())
    return kept_number(given, back);
  if (given.is_array() && back.is_binary())
    return given.size() == back.get_binary().size()
           && std::equal(given.begin(), given.end(), back.get_binary().begin(),
                         [](const json& a, std::uint8_t b) { return kept(a, b); });
  if (given.is_array() && back.is_array())
    return std::equal(given.begin(), given.end(), back.begin(), back.end(), kept);
  if (given.is_object() && back.is_object())
    return std::all_of(back.items().begin(), back.items().end(), [&given](const auto& item) {
      const auto at = given.find(item.key());
      return at != given.end() && kept(*at, item.value());
    });
  return fuzz::same(given, back);
}

class subject {
public:
  virtual ~subject() = default;
  virtual void try_arguments(const json& given) const = 0;
  virtual void try_result(std::string_view bytes) const = 0;
};

/// A function of these parameters, whose result is all of them.
template <class... Args>
class echo final : public subject {
public:
  echo(registry& all, std::string name, std::vector<json> defaults = {})
      : defaults_(std::move(defaults)), task_(all.add(&call, std::move(name), {.defaults = defaults_})) {}

  void try_arguments(const json& given) const override {
    if (!binds(given))
      return;
    const auto whole = with_defaults(given);
    const auto value = detail::decode<values>(whole);
    const auto normal = detail::encode(value);
    check(kept(whole, normal), "arguments that are accepted are what was given");

    const auto bytes = task_.encode_arguments(&value);
    const auto again = detail::from_bytes(bytes);
    check(fuzz::same(again, normal), "arguments are the same behind a wire");
    check(binds(again), "arguments that were encoded are accepted");
    check(fuzz::same(detail::encode(detail::decode<values>(again)), normal), "arguments come back unchanged");

    std::optional<values> result;
    task_.decode_result(bytes, &result);
    check(result && fuzz::same(detail::encode(*result), normal), "a result comes back unchanged");
  }

  void try_result(std::string_view bytes) const override {
    std::optional<values> result;
    try {
      task_.decode_result(bytes, &result);
      check(result.has_value(), "a result that is accepted is there");
    } catch (const argument_error&) {
      check(!result, "a result that is refused isn't there");
    }
  }

private:
  using values = std::tuple<Args...>;
  static values call(const Args&... given) { return {given...}; }

  bool binds(const json& arguments) const {
    try {
      const auto body = task_.bind(arguments);
      static_cast<void>(body()); // that it isn't run must leave nothing behind
      return true;
    } catch (const argument_error& error) {
      check(error.position() <= task_.parameters(), "an error is of an argument that there is");
      check(!error.expected().empty() && !error.got().empty(),
            "an error says what was expected and what came");
      return false;
    }
  }

  json with_defaults(json arguments) const {
    for (auto i = arguments.size(); i < sizeof...(Args); ++i) {
      const auto first = sizeof...(Args) - defaults_.size();
      arguments.push_back(i < first ? json() : defaults_[i - first]);
    }
    return arguments;
  }

  std::vector<json> defaults_;
  const named_task& task_;
};

std::vector<std::unique_ptr<subject>> make_subjects() {
  using std::optional, std::string, std::vector, std::make_unique;
  static registry all;
  vector<std::unique_ptr<subject>> made;
  made.push_back(make_unique<echo<std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                                  std::uint32_t, std::int64_t, std::uint64_t>>(all, "integers"));
  made.push_back(make_unique<echo<bool, double, float, string>>(all, "scalars"));
  made.push_back(make_unique<echo<vector<int>, std::map<string, double>, std::array<short, 2>,
                                  std::pair<bool, vector<string>>>>(all, "containers"));
  made.push_back(make_unique<echo<int, optional<int>, optional<vector<optional<string>>>>>(all, "optionals"));
  made.push_back(make_unique<echo<fuzzed::point, fuzzed::shape, fuzzed::colour, fuzzed::code>>(all, "users"));
  made.push_back(make_unique<echo<vector<std::byte>, vector<unsigned char>>>(all, "bytes"));
  made.push_back(make_unique<echo<string, int, optional<double>, bool>>(all, "defaults",
                                                                        vector<json>{100, nullptr, true}));
  made.push_back(make_unique<echo<json>>(all, "anything"));
  return made;
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto subjects = make_subjects();
  if (size == 0)
    return 0;
  const auto& chosen = *subjects[data[0] % subjects.size()];
  const auto content = fuzz::text_of(data + 1, size - 1);
  if (detail::is_shallow(content)) // what a worker's parent asks of a result before it decodes it
    chosen.try_result(content);
  if (const auto given = detail::read_frame(content))
    chosen.try_arguments(*given);
  return 0;
}
