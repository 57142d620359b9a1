/// The calls that this node has made of others: each has one answer, whatever happens.
///
///     pending --sent--> sent --begun--> started --answered--> (gone)
///        ^---- returned, or lost and idempotent: with the next fencing token ----|
///
/// An answer counts only from the session that the call was sent in, and with the fencing token that it was
/// sent with: what comes from elsewhere, or late, is refused. A plain class without CAF in it. Threads: one
/// at a time.
#pragma once

#include "node/membership.hpp"
#include "node/window_allocator.hpp"

#include <taskactor/node/placement.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace taskactor::detail {

struct call_answer {
  enum class kind : std::uint8_t { result, failed, refused, cancelled, timed_out, lost, no_node };
  kind how = kind::lost;
  std::string text{}; // CBOR of a result, or words
  refusal why{};      // of `refused`
  time_limit whose{}; // of `timed_out`
  std::string node{}; // where it was, if anywhere
  std::uint64_t fencing_token = 0;
};

/// Who waits for a call.
class call_sink {
public:
  virtual ~call_sink() = default;
  /// Once.
  virtual void ended(call_answer answer) noexcept = 0;
  virtual void progressed(std::uint64_t, std::uint64_t, std::string) noexcept {}
  /// The task's, for what is logged.
  virtual std::string task_id() const { return {}; }
};

struct call_request {
  std::string name{}, arguments{}, id{};
  placement where{};
  bool idempotent = false;
  node_time deadline = node_time::max();
  std::shared_ptr<call_sink> sink{};
  /// It has a place there only if it needs one.
  bool needs_window() const noexcept { return !name.starts_with(own_task_prefix); }
};

struct pending_call {
  enum class send_state : std::uint8_t { pending, sent, started };
  call_request what;
  std::uint64_t fencing_token = 0; // of the last time that it was sent
  send_state is = send_state::pending;
  session_id session = 0; // where it was sent
  std::string node{};
  unsigned losses = 0; // nodes that were lost with it
  bool cancelled = false;
};

class outbound_calls {
public:
  /// Of nodes under one idempotent call, beyond which it isn't run again: it may be what kills them.
  static constexpr unsigned most_losses = 3;

  std::uint64_t add(call_request what);
  pending_call* find(std::uint64_t number);
  /// The entry of a frame that came in that session; null: it is out of date.
  pending_call* current(session_id from, const call_key& key);
  /// The oldest that waits and may go to that node; zero: none. `with_window`: of those that need a place
  /// there, or of the others.
  std::uint64_t next_for(std::string_view node, const std::vector<std::string>& labels,
                         bool with_window = true);
  /// Those that need a place.
  std::size_t waiting_for(std::string_view node, const std::vector<std::string>& labels) const;
  /// Of a pending one. Its key from now on.
  call_key sent(std::uint64_t number, session_id session, std::string node);
  /// Back to the head of its line.
  void again(std::uint64_t number);
  /// Its answer is known.
  pending_call take(std::uint64_t number);
  /// Those on their way in a session, by number.
  std::vector<std::uint64_t> sent_in(session_id session) const;
  /// Those of them that have a place there.
  std::size_t on_their_way(session_id session) const noexcept;
  std::vector<std::uint64_t> all() const;
  std::size_t size() const noexcept { return entries_.size(); }
  std::size_t waiting() const noexcept;

private:
  using line = std::set<std::uint64_t>; // numbers: the oldest first
  struct sent_calls {
    std::set<std::uint64_t> numbers;
    std::size_t with_window = 0;
  };
  static std::string line_of(const call_request& what);
  void dequeue(std::uint64_t number, const pending_call& entry);

  std::unordered_map<std::uint64_t, pending_call> entries_;
  std::map<std::string, line, std::less<>> lines_; // of those pending, by where they may go
  std::map<session_id, sent_calls> sessions_;
  std::uint64_t last_number_ = 0;
};

} // namespace taskactor::detail
