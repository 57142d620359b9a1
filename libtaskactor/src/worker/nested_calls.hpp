/// The calls that the body of a call has made of further workers: its worker has none, and asks for them
/// here.
///
///     worker --ask--> begin ---> a call of the same task's ---> answered --reply--> worker
///
/// Rule 6: the call lends its token back while such calls are on their way, and gets one again, ahead of the
/// line, before the last reply is passed on. So calls that make calls end with any number of tokens. A body
/// that goes on beside its own calls runs without a token meanwhile, and so does one that is to end, or whose
/// call is, until it has unwound.
///
/// The call ends after these. When its worker dies, nobody waits for them any more: theirs are killed.
/// Threads: any.
#pragma once

#include <taskactor/detail/ref.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace taskactor::detail {

class process_call;

class nested_calls {
public:
  explicit nested_calls(process_call& maker) noexcept : maker_(maker) {}

  /// False: there are too many. The reply says what else may be wrong. Errors: `std::bad_alloc`.
  bool begin(std::uint64_t number, const std::string& name, const std::string& arguments, bool captures);
  /// To the process of one; nothing, when there is none of that number.
  void signal_one(std::uint64_t number, int signal) noexcept;
  void signal(int number) noexcept;
  /// What is held back for a token is passed on.
  void end_is_due() noexcept;
  /// True: its maker lacks its token.
  bool waited_for() const noexcept;
  /// True: its body hasn't been told what has become of one of them.
  bool are_open() const noexcept;
  void token_is_back() noexcept;
  /// Its maker has ended. False: the last of them ends it.
  bool close() noexcept;

  // -- one of these ---------------------------------------------------------
  /// It has its outcome, and perhaps a token still.
  void answered(process_call& which) noexcept;
  /// Nothing of it runs any more.
  void gone(const process_call& which) noexcept;

private:
  static constexpr std::size_t most = std::size_t{1} << 16; // at once, of one maker
  enum class token : std::uint8_t { here, lent, on_its_way };
  struct entry {
    std::uint64_t number; // the worker's
    ref<process_call> call;
    std::string arguments; // of one that may be run again
    std::size_t kills = 0;
    bool answered = false;
  };

  void enter(const ref<process_call>& call);
  bool begin_again(process_call& which);
  entry& find(const process_call& which) noexcept;
  std::vector<ref<process_call>> open() const;
  void reply(std::string frame, process_call& of) noexcept;

  process_call& maker_;
  mutable std::mutex mutex_; // what follows
  std::vector<entry> entries_;
  std::size_t unanswered_ = 0;
  token token_ = token::here;
  std::vector<std::string> held_replies_; // until the token is back
  bool closed_ = false;
};

} // namespace taskactor::detail
