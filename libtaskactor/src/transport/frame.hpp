/// Frames of a link: how many bytes (four of them, the highest first), then these bytes, which are one CBOR
/// value (RFC 8949).
///
/// What comes from the other end is not trusted: a frame is bounded in length before a byte of it is kept,
/// and before it is decoded in depth, since to copy it recurses, and in items, since each takes a hundred
/// times its byte, and the thread that decodes has other links to serve. What is large or deep by right comes
/// in a byte string.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor::detail {

constexpr std::size_t frame_prefix = 4; // bytes of its length
constexpr std::size_t frame_limit = std::size_t{64} << 20;
constexpr std::size_t frame_depth = 200;
constexpr std::size_t frame_items = std::size_t{1} << 16;

/// Errors: `std::length_error` beyond `frame_limit`. Text that isn't UTF-8 is sent, and read, as it is.
std::string make_frame(const nlohmann::json& content);

/// One whose content has been written behind `frame_prefix` bytes that were left free. Errors: as
/// `make_frame`.
std::string finish_frame(std::string frame);

/// As long as one CBOR value, of at most `frame_depth` levels: found without recursion, so that it may be
/// decoded. That finds what else there may be wrong.
bool is_shallow(std::string_view content);

/// Null: not one whole CBOR value of at most `frame_depth` levels and `frame_items`.
std::optional<nlohmann::json> read_frame(std::string_view content);

/// Cuts a stream of bytes into frames.
class frame_cutter {
public:
  explicit frame_cutter(std::size_t limit = frame_limit) : limit_(limit) {}
  /// From the next frame on that hasn't been given out.
  void set_limit(std::size_t limit) noexcept { limit_ = limit; }
  /// Takes what has come. False: the stream can't be one of frames; it is never taken up again.
  bool feed(std::string_view bytes);
  /// The same without a copy: what has come is appended to this, and then looked at.
  std::string& room();
  bool fed();
  /// The content of the next whole frame; valid until the next `feed`.
  std::optional<std::string_view> next();
  /// What broke the stream is the announcement of more than the limit.
  bool too_long() const noexcept;

private:
  bool sound() const noexcept;
  std::size_t limit_;
  std::string kept_;
  std::size_t begin_ = 0; // of what hasn't been given out yet
  std::size_t last_ = 0;  // bytes of the frame that was given out last
  bool broken_ = false;
};

} // namespace taskactor::detail
