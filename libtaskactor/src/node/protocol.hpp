/// What nodes say to each other: frames (`transport/frame.hpp`) that are arrays, of a kind and what belongs
/// to it. PROTOCOL.md has all of it in words, for who writes the other end in another language.
///
///     of the session    hello welcome goodbye heartbeat draining
///     of the room       window window_taken demand              how many calls may be on their way
///     to who runs       call cancel
///     from who runs     result failed refused cancelled timed_out returned progress log
///
/// A frame is a struct here; nothing else of the library sees bytes. The set is closed: what isn't one of
/// these, or has anything else in it, means nothing, and ends the session.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace taskactor::detail {

constexpr std::uint64_t node_protocol_version = 1;
constexpr std::size_t node_name_limit = 255;   // bytes: of nodes, labels, tasks and ids
constexpr std::size_t node_labels_limit = 64;  // of a node
constexpr std::size_t node_text_limit = 65536; // bytes: of errors, progress and log records; cut to it

/// The tasks that every node has of itself: their calls are answered at once, and need no room.
constexpr std::string_view own_task_prefix = "taskactor.";

/// A call of a submitter's: of one number each time that it is sent, of another fencing token.
struct call_key {
  std::uint64_t number = 0;
  std::uint64_t fencing_token = 0;
  auto operator<=>(const call_key&) const = default;
};

/// Why a node doesn't run a call at all.
enum class refusal : std::uint8_t {
  unknown_task = 1,
  bad_arguments,
  not_permitted,
  queue_full,
  not_possible
};

/// Whose time was up: that of the task where it ran, or what was left to who called.
enum class time_limit : std::uint8_t { own = 1, remaining };

/// Why a session ends.
enum class close_reason : std::uint8_t {
  leaving = 1,
  other_version,
  name_refused,      // not that of the certificate, empty, or the other end's own
  already_connected, // there is a session with this node
  newer_one_here,    // a later run of a node of this name has a session
  violation,
};

namespace node_frames {

struct hello {
  std::uint64_t version = node_protocol_version;
  std::string name, uuid;
  std::uint64_t incarnation = 0; // a later run of the same node has a higher one
  std::uint64_t sessions = 0;    // how many sessions this run has had
  std::vector<std::string> labels{};
};
struct welcome {};
struct goodbye {
  close_reason why{};
  std::string text{};
};
/// `free`: how many more calls could start at once. `started`: since the last one, of those still running.
struct heartbeat {
  std::uint64_t free = 0;
  std::vector<call_key> started{};
};
/// No more calls are taken; those that haven't begun come back.
struct draining {};

/// So many calls may be unanswered at once.
struct window {
  std::uint64_t calls = 0;
};
/// From now on that holds: for each `window`.
struct window_taken {
  std::uint64_t calls = 0;
};
/// So many would be sent if there were room, those on their way included.
struct demand {
  std::uint64_t calls = 0;
};

struct call {
  call_key key{};
  std::string name{}, arguments{};                     // CBOR: an array
  std::optional<std::chrono::nanoseconds> remaining{}; // until its deadline
  std::string id{};                                    // of the submitter's task
};
struct cancel {
  call_key key{};
};

struct result {
  call_key key{};
  std::string value{}; // CBOR
};
struct failed {
  call_key key{};
  std::string text{};
};
struct refused {
  call_key key{};
  refusal why{};
  std::string text{};
};
struct cancelled {
  call_key key{};
  std::string text{};
};
struct timed_out {
  call_key key{};
  time_limit whose{};
  std::string text{};
};
/// It hasn't begun, and never will here.
struct returned {
  call_key key{};
};
struct progress {
  call_key key{};
  std::uint64_t done = 0, total = 0;
  std::string text{};
};
/// `level`: spdlog's, from 0 (trace) to 5 (critical).
struct log {
  call_key key{};
  std::uint64_t level = 0;
  std::string logger{}, text{};
};

} // namespace node_frames

/// In the order of the kinds' numbers, which begin with one.
using node_frame
    = std::variant<node_frames::hello, node_frames::welcome, node_frames::goodbye, node_frames::heartbeat,
                   node_frames::draining, node_frames::window, node_frames::window_taken, node_frames::demand,
                   node_frames::call, node_frames::cancel, node_frames::result, node_frames::failed,
                   node_frames::refused, node_frames::cancelled, node_frames::timed_out,
                   node_frames::returned, node_frames::progress, node_frames::log>;

/// With its length before it. Errors: `std::length_error` beyond `frame_limit`.
std::string encode(const node_frame& frame);
/// The content of a frame that came, whatever it is. Null: it means nothing here.
std::optional<node_frame> decode_node_frame(std::string_view content);
/// The version of a hello, whatever else is in it; null: it is none.
std::optional<std::uint64_t> version_of_hello(std::string_view content);
/// Its beginning, cut between characters.
std::string cut_text(std::string_view text, std::size_t limit = node_text_limit);

} // namespace taskactor::detail
