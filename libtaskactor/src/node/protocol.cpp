#include "protocol.hpp"

#include "../link/frame.hpp"

#include <nlohmann/json.hpp>

#include <limits>
#include <utility>

namespace taskactor::detail {

namespace {

using nlohmann::json;
using namespace said_by_node;

constexpr std::int64_t no_deadline = -1;

json binary(const std::string& bytes) { return json::binary({bytes.begin(), bytes.end()}); }

// -- what is in each, in order
// ---------------------------------------------------------------------------------------

/// Appends fields to an array.
class field_writer {
public:
  explicit field_writer(std::size_t kind) : frame_(json::array({kind})) {}
  void number(std::uint64_t value) { frame_.push_back(value); }
  void key(const call_key& value) { number(value.number), number(value.epoch); }
  void name(const std::string& value) { frame_.push_back(value); }
  void text(const std::string& value) { frame_.push_back(cut_text(value)); }
  void bytes(const std::string& value) { frame_.push_back(binary(value)); }
  template <class E>
  void code(E value) {
    number(static_cast<std::uint64_t>(value));
  }
  void names(const std::vector<std::string>& values) { frame_.push_back(values); }
  void keys(const std::vector<call_key>& values) {
    auto flat = json::array();
    for (const auto& each : values)
      flat.push_back(each.number), flat.push_back(each.epoch);
    frame_.push_back(std::move(flat));
  }
  void remaining(const std::optional<std::chrono::nanoseconds>& value) {
    frame_.push_back(value ? std::int64_t{value->count()} : no_deadline);
  }
  json take() { return std::move(frame_); }

private:
  json frame_;
};

/// Takes them; what isn't as it should be is noted, and found at the end.
class field_reader {
public:
  explicit field_reader(const json& frame) : frame_(frame) {}
  bool sound() const { return sound_ && at_ == frame_.size(); }
  void number(std::uint64_t& value) {
    if (const auto* given = next(); given && check(given->is_number_unsigned()))
      value = given->get<std::uint64_t>();
  }
  void key(call_key& value) { number(value.number), number(value.epoch); }
  void name(std::string& value) { string(value, node_name_limit); }
  void text(std::string& value) { string(value, node_text_limit); }
  void bytes(std::string& value) {
    const auto* given = next();
    if (!given || !check(given->is_binary()))
      return;
    value.assign(given->get_binary().begin(), given->get_binary().end());
    check(is_shallow(value)); // to the frame it is a string: whoever decodes it would recurse
  }
  void code(parting& value) { code_up_to(value, parting::violation); }
  void code(time_limit& value) { code_up_to(value, time_limit::remaining); }
  void code(refusal& value) { code_up_to(value, refusal::not_possible); }
  void names(std::vector<std::string>& values) {
    const auto* given = next();
    if (!given || !check(given->is_array() && given->size() <= node_labels_limit))
      return;
    for (const auto& each : *given)
      if (check(each.is_string() && each.get_ref<const std::string&>().size() <= node_name_limit))
        values.push_back(each.get<std::string>());
  }
  void keys(std::vector<call_key>& values) {
    const auto* given = next();
    if (!given || !check(given->is_array() && given->size() % 2 == 0))
      return;
    for (std::size_t i = 0; i + 1 < given->size(); i += 2)
      if (check((*given)[i].is_number_unsigned() && (*given)[i + 1].is_number_unsigned()))
        values.push_back({(*given)[i].get<std::uint64_t>(), (*given)[i + 1].get<std::uint64_t>()});
  }
  void remaining(std::optional<std::chrono::nanoseconds>& value) {
    const auto* given = next();
    if (!given || !check(given->is_number_integer()))
      return;
    if (given->is_number_unsigned()) {
      const auto count = given->get<std::uint64_t>();
      if (check(count <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}))
        value = std::chrono::nanoseconds{static_cast<std::int64_t>(count)};
    } else {
      check(given->get<std::int64_t>() == no_deadline);
    }
  }

private:
  template <class E>
  void code_up_to(E& value, E last) {
    std::uint64_t given = 0;
    number(given);
    if (check(given != 0 && given <= static_cast<std::uint64_t>(last)))
      value = static_cast<E>(given);
  }
  const json* next() {
    if (!check(at_ < frame_.size()))
      return nullptr;
    return &frame_[at_++];
  }
  void string(std::string& value, std::size_t limit) {
    const auto* given = next();
    if (!given || !check(given->is_string()))
      return;
    value = given->get<std::string>();
    check(value.size() <= limit);
  }
  bool check(bool holds) { return sound_ = sound_ && holds, holds; }

  const json& frame_;
  std::size_t at_ = 1;
  bool sound_ = true;
};

/// The same list for both ways: a reader fills in what a writer takes.
struct field_lists {
  template <class F>
  static void pass(F& f, hello& it) {
    f.number(it.version), f.name(it.name), f.name(it.uuid), f.number(it.incarnation), f.number(it.epoch),
        f.names(it.labels);
  }
  template <class F>
  static void pass(F&, welcome&) {}
  template <class F>
  static void pass(F& f, goodbye& it) {
    f.code(it.why), f.text(it.text);
  }
  template <class F>
  static void pass(F& f, heartbeat& it) {
    f.number(it.free), f.keys(it.started);
  }
  template <class F>
  static void pass(F&, draining&) {}
  template <class F>
  static void pass(F& f, call& it) {
    f.key(it.key), f.name(it.name), f.bytes(it.arguments), f.remaining(it.remaining), f.name(it.id);
  }
  template <class F>
  static void pass(F& f, result& it) {
    f.key(it.key), f.bytes(it.value);
  }
  template <class F>
  static void pass(F& f, refused& it) {
    f.key(it.key), f.code(it.why), f.text(it.text);
  }
  template <class F>
  static void pass(F& f, timed_out& it) {
    f.key(it.key), f.code(it.whose), f.text(it.text);
  }
  template <class F>
  static void pass(F& f, progress& it) {
    f.key(it.key), f.number(it.done), f.number(it.total), f.text(it.text);
  }
  template <class F>
  static void pass(F& f, log& it) {
    f.key(it.key), f.number(it.level), f.name(it.logger), f.text(it.text);
  }
  template <class F, class T>
  static void pass(F& f, T& it) {
    if constexpr (requires { it.calls; }) { // window, window_taken, demand
      f.number(it.calls);
    } else { // failed, cancelled; cancel, returned
      f.key(it.key);
      if constexpr (requires { it.text; })
        f.text(it.text);
    }
  }
};

template <std::size_t I = 0>
std::optional<node_frame> read_kind(std::size_t index, const json& frame) {
  if constexpr (I < std::variant_size_v<node_frame>) {
    if (index != I)
      return read_kind<I + 1>(index, frame);
    std::variant_alternative_t<I, node_frame> made;
    field_reader reader{frame};
    field_lists::pass(reader, made);
    if (reader.sound())
      return node_frame{std::move(made)};
  }
  return {};
}

} // namespace

std::string encode(node_frame frame) {
  field_writer writer{frame.index() + 1};
  std::visit([&](auto& each) { field_lists::pass(writer, each); }, frame);
  return make_frame(writer.take());
}

std::optional<node_frame> decode_node_frame(std::string_view content) {
  const auto frame = read_frame(content);
  if (!frame || !frame->is_array() || frame->empty() || !(*frame)[0].is_number_unsigned())
    return {};
  const auto kind = (*frame)[0].get<std::uint64_t>();
  if (kind == 0 || kind > std::variant_size_v<node_frame>)
    return {};
  return read_kind(kind - 1, *frame);
}

std::optional<std::uint64_t> version_of_hello(std::string_view content) {
  const auto frame = read_frame(content);
  if (!frame || !frame->is_array() || frame->size() < 2 || (*frame)[0] != 1
      || !(*frame)[1].is_number_unsigned())
    return {};
  return (*frame)[1].get<std::uint64_t>();
}

std::string cut_text(std::string_view text, std::size_t limit) {
  if (text.size() <= limit)
    return std::string{text};
  constexpr unsigned continuation_mask = 0xC0, continuation = 0x80;
  while (limit != 0 && (static_cast<unsigned char>(text[limit]) & continuation_mask) == continuation)
    --limit;
  return std::string{text.substr(0, limit)};
}

} // namespace taskactor::detail
