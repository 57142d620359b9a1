/// How a worker ends: with its process and its link, whichever is the later, and why.
///
/// Threads: one at a time.
#pragma once

#include <taskactor/command.hpp>
#include <taskactor/remote_error.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>

namespace taskactor::detail {

class worker_end {
public:
  /// Told to end; died; died before it could take calls.
  enum class kind : std::uint8_t { retired, lost, at_start };

  void start_failed(std::string message) {
    start_failure_ = std::move(message);
    exited_ = true;
  }
  void exited(command_result result) {
    result_ = std::move(result);
    exited_ = true;
  }
  /// Its link is read to the end. `broken`: what came could not be cut into frames.
  void closed(bool broken);
  /// It has sent what no worker may, and is killed: the first of that is the reason.
  void violated(const char* how);
  void retired(std::string why) { retired_ = std::move(why); }

  bool has_exited() const noexcept { return exited_; }
  /// Nothing more comes from it.
  bool is_over() const noexcept { return exited_ && closed_; }
  /// `greeted`: it was able to take calls. `has_calls`: that it hasn't answered.
  kind how(bool greeted, bool has_calls) const noexcept;
  std::string why(kind how, const std::string& last_words) const;
  /// For the call that it hasn't answered. `output`: what that has printed; null: it isn't captured.
  std::exception_ptr error(kind how, const std::string& why, std::shared_ptr<const call_output> output) const;

private:
  bool exited_ = false, closed_ = false;
  std::string violation_, start_failure_, retired_;
  command_result result_;
};

} // namespace taskactor::detail
