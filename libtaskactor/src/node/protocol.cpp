#include "node/protocol.hpp"

#include "base/cbor.hpp"
#include "transport/frame.hpp"

#include <nlohmann/json.hpp>

#include <concepts>
#include <type_traits>
#include <utility>

namespace taskactor::detail {

namespace {

using namespace node_frames;

constexpr std::int64_t no_deadline = -1;

/// Cut between characters.
std::string_view begin_of(std::string_view text, std::size_t limit) {
  if (text.size() <= limit)
    return text;
  constexpr unsigned continuation_mask = 0xC0, continuation = 0x80;
  while (limit != 0 && (static_cast<unsigned char>(text[limit]) & continuation_mask) == continuation)
    --limit;
  return text.substr(0, limit);
}

// -- what is in each, in order ----------------------------------------------

/// Writes fields into an array, whose length is counted before.
class field_counter {
public:
  void number(std::uint64_t) { ++fields_; }
  void key(const call_key&) { fields_ += 2; }
  void name(const std::string&) { ++fields_; }
  void text(const std::string&) { ++fields_; }
  void bytes(const std::string&) { ++fields_; }
  template <class E>
  void code(E) {
    ++fields_;
  }
  void names(const std::vector<std::string>&) { ++fields_; }
  void keys(const std::vector<call_key>&) { ++fields_; }
  void remaining(const std::optional<std::chrono::nanoseconds>&) { ++fields_; }
  std::size_t fields() const { return fields_; }

private:
  std::size_t fields_ = 0;
};

class field_writer {
public:
  field_writer(std::size_t kind, std::size_t fields) {
    frame_.array(1 + fields);
    frame_.number(kind);
  }
  void number(std::uint64_t value) { frame_.number(value); }
  void key(const call_key& value) { number(value.number), number(value.fencing_token); }
  void name(const std::string& value) { frame_.text(value); }
  void text(const std::string& value) { frame_.text(begin_of(value, node_text_limit)); }
  void bytes(const std::string& value) { frame_.bytes(value); }
  template <class E>
  void code(E value) {
    number(static_cast<std::uint64_t>(value));
  }
  void names(const std::vector<std::string>& values) {
    frame_.array(values.size());
    for (const auto& each : values)
      name(each);
  }
  void keys(const std::vector<call_key>& values) {
    frame_.array(2 * values.size());
    for (const auto& each : values)
      key(each);
  }
  void remaining(const std::optional<std::chrono::nanoseconds>& value) {
    frame_.integer(value ? std::int64_t{value->count()} : no_deadline);
  }
  std::string take() { return finish_frame(frame_.take()); }

private:
  cbor_writer frame_{frame_prefix};
};

/// Takes them; what isn't as it should be is noted, and found at the end.
class field_reader {
public:
  explicit field_reader(std::string_view content) : frame_(content), left_(frame_.array()) { number(kind_); }
  std::uint64_t kind() const { return kind_; }
  bool sound() const { return sound_ && frame_.sound() && frame_.at_end() && left_ == 0; }
  void number(std::uint64_t& value) {
    if (next())
      value = frame_.number();
  }
  void key(call_key& value) { number(value.number), number(value.fencing_token); }
  void name(std::string& value) { string(value, node_name_limit); }
  void text(std::string& value) { string(value, node_text_limit); }
  void bytes(std::string& value) {
    if (!next())
      return;
    const auto given = frame_.bytes();
    if (check(is_shallow(given))) // to the frame it is a string: who copies its value recurses
      value = given;
  }
  void code(close_reason& value) { code_up_to(value, close_reason::violation); }
  void code(time_limit& value) { code_up_to(value, time_limit::remaining); }
  void code(refusal& value) { code_up_to(value, refusal::not_possible); }
  void names(std::vector<std::string>& values) {
    auto count = next() ? frame_.array() : 0;
    if (!check(count <= node_labels_limit))
      return;
    for (; count != 0 && frame_.sound(); --count)
      if (const auto given = frame_.text(); check(given.size() <= node_name_limit))
        values.emplace_back(given);
  }
  void keys(std::vector<call_key>& values) {
    auto count = next() ? frame_.array() : 0;
    if (!check(count % 2 == 0 && count <= frame_items))
      return;
    for (; count != 0 && frame_.sound(); count -= 2) {
      const auto number = frame_.number();
      values.push_back({number, frame_.number()});
    }
  }
  void remaining(std::optional<std::chrono::nanoseconds>& value) {
    if (!next())
      return;
    const auto given = frame_.integer();
    if (given >= 0)
      value = std::chrono::nanoseconds{given};
    else
      check(given == no_deadline);
  }

private:
  template <class E>
  void code_up_to(E& value, E last) {
    std::uint64_t given = 0;
    number(given);
    if (check(given != 0 && given <= static_cast<std::uint64_t>(last)))
      value = static_cast<E>(given);
  }
  bool next() { return check(left_ != 0) && left_-- != 0; }
  void string(std::string& value, std::size_t limit) {
    if (!next())
      return;
    const auto given = frame_.text();
    if (check(given.size() <= limit))
      value = given;
  }
  bool check(bool holds) { return sound_ = sound_ && holds, holds; }

  cbor_reader frame_;
  std::size_t left_; // fields
  std::uint64_t kind_ = 0;
  bool sound_ = true;
};

template <class T, class Kind>
concept like = std::same_as<std::remove_const_t<T>, Kind>;

/// The same list for both ways: a reader fills in what a writer takes.
struct field_lists {
  template <class F>
  static void pass(F& f, like<hello> auto& it) {
    f.number(it.version), f.name(it.name), f.name(it.uuid), f.number(it.incarnation), f.number(it.sessions),
        f.names(it.labels);
  }
  template <class F>
  static void pass(F&, like<welcome> auto&) {}
  template <class F>
  static void pass(F& f, like<goodbye> auto& it) {
    f.code(it.why), f.text(it.text);
  }
  template <class F>
  static void pass(F& f, like<heartbeat> auto& it) {
    f.number(it.free), f.keys(it.started);
  }
  template <class F>
  static void pass(F&, like<draining> auto&) {}
  template <class F>
  static void pass(F& f, like<call> auto& it) {
    f.key(it.key), f.name(it.name), f.bytes(it.arguments), f.remaining(it.remaining), f.name(it.id);
  }
  template <class F>
  static void pass(F& f, like<result> auto& it) {
    f.key(it.key), f.bytes(it.value);
  }
  template <class F>
  static void pass(F& f, like<refused> auto& it) {
    f.key(it.key), f.code(it.why), f.text(it.text);
  }
  template <class F>
  static void pass(F& f, like<timed_out> auto& it) {
    f.key(it.key), f.code(it.whose), f.text(it.text);
  }
  template <class F>
  static void pass(F& f, like<progress> auto& it) {
    f.key(it.key), f.number(it.done), f.number(it.total), f.text(it.text);
  }
  template <class F>
  static void pass(F& f, like<log> auto& it) {
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
std::optional<node_frame> read_kind(field_reader& reader) {
  if constexpr (I < std::variant_size_v<node_frame>) {
    if (reader.kind() != I + 1)
      return read_kind<I + 1>(reader);
    std::variant_alternative_t<I, node_frame> made;
    field_lists::pass(reader, made);
    if (reader.sound())
      return node_frame{std::move(made)};
  }
  return {};
}

} // namespace

std::string encode(const node_frame& frame) {
  return std::visit(
      [&](const auto& each) {
        field_counter counter;
        field_lists::pass(counter, each);
        field_writer writer{frame.index() + 1, counter.fields()};
        field_lists::pass(writer, each);
        return writer.take();
      },
      frame);
}

std::optional<node_frame> decode_node_frame(std::string_view content) {
  field_reader reader{content};
  return read_kind(reader);
}

std::optional<std::uint64_t> version_of_hello(std::string_view content) {
  const auto frame = read_frame(content);
  if (!frame || !frame->is_array() || frame->size() < 2 || (*frame)[0] != 1
      || !(*frame)[1].is_number_unsigned())
    return {};
  return (*frame)[1].get<std::uint64_t>();
}

std::string cut_text(std::string_view text, std::size_t limit) { return std::string{begin_of(text, limit)}; }

} // namespace taskactor::detail
