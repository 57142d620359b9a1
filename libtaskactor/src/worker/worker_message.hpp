/// What a worker says, read from its frames: see `worker_protocol.hpp`.
///
/// Shape and types are checked here. Whether the worker may say that now is for who knows its calls.
#pragma once

#include "worker/worker_protocol.hpp"

#include <taskactor/errc.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace taskactor::detail {

struct worker_hello {
  bool same_version;
};
struct worker_printed {
  std::uint64_t number;
};
struct worker_progress {
  std::uint64_t number, done, total;
  std::string text;
};
struct worker_log {
  std::uint64_t number;
  int level;
  std::string logger, text;
};
/// The call `maker` wants another task run.
struct worker_ask {
  std::uint64_t maker, number;
  std::string name, arguments;
  bool captures;
};
struct worker_signal {
  std::uint64_t maker, number;
  int signal;
};
/// `kind`: result, failed, refused, cancelled or returned. `text`: the result's bytes, or what went wrong.
struct worker_answer {
  worker_frame kind;
  std::uint64_t number;
  errc refusal;
  std::string text;
};

using worker_message = std::variant<worker_answer, worker_hello, worker_printed, worker_progress, worker_log,
                                    worker_ask, worker_signal>;

/// Empty: the frame means nothing. Errors: those of nlohmann::json for a field that is missing or of another
/// type; `std::bad_alloc`.
std::optional<worker_message> read_worker_message(std::string_view content);

} // namespace taskactor::detail
