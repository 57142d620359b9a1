#include "transport/frame.hpp"

#include "base/cbor.hpp"
#include "task/cbor_value.hpp"

#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace taskactor::detail {

namespace {

constexpr std::size_t spare_capacity = std::size_t{1} << 20; // what is kept of it after a large frame

std::size_t length_at(std::string_view bytes) noexcept {
  std::size_t length = 0;
  for (std::size_t i = 0; i < frame_prefix; ++i)
    length = length << 8 | static_cast<unsigned char>(bytes[i]);
  return length;
}

/// How deep a CBOR value is nested at most, found without recursion; null: it isn't well-formed, or of a kind
/// that we never send (lengths that aren't given, tags, integers below those of C++, which nlohmann-json
/// makes other integers of).
class depth_check {
public:
  explicit depth_check(std::string_view bytes, std::size_t items = std::numeric_limits<std::size_t>::max())
      : rest_(bytes), items_(items) {}

  bool passes() {
    open_.push_back(1);
    while (!open_.empty()) {
      if (open_.back() == 0) {
        open_.pop_back();
        continue;
      }
      --open_.back();
      if (!item())
        return false;
    }
    return rest_.empty();
  }

private:
  bool item() {
    if (items_-- == 0)
      return false;
    const auto head = take_cbor_head(rest_);
    if (!head)
      return false;
    switch (head->kind) {
    case cbor_kind::tag:
      return false;
    case cbor_kind::negative:
      return head->value <= std::uint64_t{std::numeric_limits<std::int64_t>::max()};
    case cbor_kind::bytes:
    case cbor_kind::text:
      if (head->value > rest_.size())
        return false;
      rest_.remove_prefix(head->value);
      return true;
    case cbor_kind::array:
    case cbor_kind::map:
      // Each item takes a byte at least: what announces more than there is, is not to be counted.
      if (head->value > rest_.size() || open_.size() > frame_depth)
        return false;
      open_.push_back(head->kind == cbor_kind::map ? 2 * head->value : head->value);
      return true;
    default:
      return true;
    }
  }

  std::string_view rest_;
  std::size_t items_;               // how many may still come
  std::vector<std::uint64_t> open_; // of each array or map around: how many items are still to come
};

} // namespace

std::string make_frame(const nlohmann::json& content) {
  std::string frame(frame_prefix, '\0');
  nlohmann::json::to_cbor(content, frame);
  return finish_frame(std::move(frame));
}

std::string finish_frame(std::string frame) {
  const auto size = frame.size() - frame_prefix;
  if (size > frame_limit)
    throw std::length_error{"a frame of " + std::to_string(size) + " bytes; the limit is "
                            + std::to_string(frame_limit)};
  for (std::size_t i = 0; i < frame_prefix; ++i)
    frame[i] = static_cast<char>(size >> (8 * (frame_prefix - 1 - i)) & 0xFFU);
  return frame;
}

bool is_shallow(std::string_view content) { return depth_check{content}.passes(); }

std::optional<nlohmann::json> read_frame(std::string_view content) {
  if (!depth_check{content, frame_items}.passes())
    return {};
  return read_cbor(content);
}

bool frame_cutter::sound() const noexcept {
  if (kept_.size() - begin_ < frame_prefix)
    return true;
  const auto length = length_at(std::string_view{kept_}.substr(begin_));
  return length != 0 && length <= limit_;
}

bool frame_cutter::too_long() const noexcept {
  return broken_ && kept_.size() - begin_ >= frame_prefix
         && length_at(std::string_view{kept_}.substr(begin_)) > limit_;
}

bool frame_cutter::feed(std::string_view bytes) {
  auto& kept = room();
  if (!broken_)
    kept += bytes;
  return fed();
}

std::string& frame_cutter::room() {
  kept_.erase(0, begin_);
  begin_ = 0;
  // A stream of large frames keeps its room, until a small one comes.
  if (kept_.empty() && kept_.capacity() > spare_capacity && last_ < kept_.capacity() / 4)
    kept_.shrink_to_fit();
  return kept_;
}

bool frame_cutter::fed() {
  broken_ = broken_ || !sound();
  return !broken_;
}

std::optional<std::string_view> frame_cutter::next() {
  const auto rest = std::string_view{kept_}.substr(begin_);
  if (broken_ || rest.size() < frame_prefix)
    return {};
  if (!sound()) {
    broken_ = true;
    return {};
  }
  const auto length = length_at(rest);
  if (rest.size() - frame_prefix < length)
    return {};
  begin_ += frame_prefix + length;
  last_ = length;
  return rest.substr(frame_prefix, length);
}

} // namespace taskactor::detail
