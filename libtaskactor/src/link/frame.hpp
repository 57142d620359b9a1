/// Frames of a link: how many bytes (four of them, the highest first), then these bytes, which are one CBOR
/// value (RFC 8949).
///
/// What comes from the other end is not trusted: a frame is bounded in length before a byte of it is kept,
/// and in depth before it is decoded, since decoding recurses.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor::detail {

constexpr std::size_t frame_limit = std::size_t{64} << 20;
constexpr std::size_t frame_depth = 200;

/// Errors: `std::length_error` beyond `frame_limit`; what nlohmann-json throws for text that isn't UTF-8.
std::string make_frame(const nlohmann::json& content);

/// One whole CBOR value of at most `frame_depth` levels: found without recursion.
bool is_shallow(std::string_view content);

/// Null: not one whole CBOR value of at most `frame_depth` levels.
std::optional<nlohmann::json> read_frame(std::string_view content);

/// Cuts a stream of bytes into frames.
class frame_cutter {
public:
  /// Takes what has come. False: the stream can't be one of frames; it is never taken up again.
  bool feed(std::string_view bytes);
  /// The content of the next whole frame; valid until the next `feed`.
  std::optional<std::string_view> next();

private:
  bool sound() const noexcept;
  std::string kept_;
  std::size_t begin_ = 0; // of what hasn't been given out yet
  bool broken_ = false;
};

} // namespace taskactor::detail
