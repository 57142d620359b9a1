/// What a caller has said of one standard stream of a command (`command_stream`), and what was taken of this
/// program's for it.
///
/// Descriptors are taken when the command is asked for: until its start their numbers may be others'.
#pragma once

#include "base/unique_fd.hpp"

#include <taskactor/command.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace taskactor::detail {

enum class stream_kind : std::uint8_t { usual, capture, pipe, null, read, truncate, append, inherit, own };

struct stream_choice {
  explicit stream_choice(stream_kind what, std::string file = {}, int number = -1)
      : kind(what), path(std::move(file)), fd(number) {}
  stream_choice(stream_choice&& other) noexcept
      : kind(other.kind), path(std::move(other.path)), fd(other.fd.exchange(-1)) {}
  ~stream_choice();

  stream_kind kind;
  std::string path;
  std::atomic<int> fd; // inherit: its number, negative: that of the same stream; own: until it is taken
};

/// A descriptor of ours, and the number that the command has it under.
struct held_descriptor {
  unique_fd fd;
  int number;
};

/// Of one command: what it inherits or owns, ours until its start.
struct held_descriptors {
  std::array<unique_fd, 3> streams;
  std::vector<held_descriptor> passed;
};

/// Copies of what one task's command is to have, ours until its body has begun.
struct kept_descriptors {
  std::vector<unique_fd> copies;
  bool for_attempts; // each of which takes its own of these
};

/// Copies what the options name by a number, and has them name the copies. Null: they name nothing.
/// Errors: those of `hold_descriptors`.
std::shared_ptr<kept_descriptors> keep_descriptors(command_options& options, bool for_attempts);

stream_kind kind_of(const field<command_stream>& stream);

/// Errors: `error`, of `errc::invalid_argument` for what isn't open or was given to another command, and of
/// `command_not_started` when there is no room for a copy.
held_descriptors hold_descriptors(const command_options& options);

} // namespace taskactor::detail
