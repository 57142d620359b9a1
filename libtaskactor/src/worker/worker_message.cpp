#include "worker/worker_message.hpp"

#include "base/cbor.hpp"
#include "command/call_wait.hpp"
#include "transport/frame.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <utility>

namespace taskactor::detail {

namespace {

using nlohmann::json;

std::uint64_t number_at(const json& frame, std::size_t index) { return frame.at(index).get<std::uint64_t>(); }
std::string text_at(const json& frame, std::size_t index) { return frame.at(index).get<std::string>(); }
std::string bytes_at(const json& frame, std::size_t index) {
  const auto& bytes = frame.at(index).get_binary();
  return {bytes.begin(), bytes.end()};
}

worker_progress read_progress(const json& frame) {
  return {number_at(frame, 1), number_at(frame, 2), number_at(frame, 3), text_at(frame, 4)};
}

worker_log read_log(const json& frame) {
  return {number_at(frame, 1), frame.at(2).get<int>(), text_at(frame, 3), text_at(frame, 4)};
}

worker_ask read_ask(const json& frame) {
  return {number_at(frame, 1), number_at(frame, 2), text_at(frame, 3), bytes_at(frame, 4),
          frame.at(5).get<bool>()};
}

std::optional<worker_message> read_signal(const json& frame) {
  const worker_signal sent{number_at(frame, 1), number_at(frame, 2), frame.at(3).get<int>()};
  if (sent.signal != asks && sent.signal != SIGTERM && sent.signal != SIGKILL)
    return {};
  return sent;
}

std::optional<worker_message> read_answer(worker_frame kind, const json& frame) {
  std::string text;
  errc refusal{};
  if (kind == worker_frame::result) {
    text = bytes_at(frame, 2);
    if (!is_shallow(text)) // to the frame it is a string: who copies its value recurses
      return {};
  } else if (kind == worker_frame::failed) {
    text = text_at(frame, 2);
  } else if (kind == worker_frame::refused) {
    refusal = static_cast<errc>(frame.at(2).get<int>());
    text = text_at(frame, 3);
  } else if (kind != worker_frame::cancelled && kind != worker_frame::returned) {
    return {};
  }
  return worker_answer{kind, number_at(frame, 1), refusal, std::move(text)};
}

} // namespace

std::optional<worker_message> read_worker_message(std::string_view content) {
  const auto frame = read_frame(content);
  if (!frame || !frame->is_array() || frame->empty() || !frame->front().is_number_integer())
    return {};
  switch (const auto kind = static_cast<worker_frame>(frame->front().get<int>())) {
  case worker_frame::hello:
    return worker_hello{frame->size() > 1 && (*frame)[1] == worker_protocol_version};
  case worker_frame::printed:
    return worker_printed{number_at(*frame, 1)};
  case worker_frame::progress:
    return read_progress(*frame);
  case worker_frame::log:
    return read_log(*frame);
  case worker_frame::ask:
    return read_ask(*frame);
  case worker_frame::signal:
    return read_signal(*frame);
  default:
    return read_answer(kind, *frame);
  }
}

} // namespace taskactor::detail
