/// `parent_channel`: how a body in a worker calls further workers. It has none of its own: it asks the
/// parent, whose pool and limiter they are (`nested_calls.hpp`).
///
/// Threads: any.
#pragma once

#include <taskactor/detail/context.hpp>
#include <taskactor/detail/remote_callable.hpp>
#include <taskactor/remote_error.hpp>
#include <taskactor/task.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace taskactor::detail {

class parent_channel;

/// A call that was asked for.
class delegated_call final : public operation {
public:
  delegated_call(parent_channel& parent, context& owner, std::uint64_t maker, std::uint64_t number);
  ~delegated_call() override { owner_.release(); }
  delegated_call(const delegated_call&) = delete;
  delegated_call& operator=(const delegated_call&) = delete;

  bool ended() const noexcept override { return ended_.load(std::memory_order_acquire); }
  bool started() const noexcept { return true; }
  bool withdraw() noexcept { return false; }
  void signal(int number) noexcept;
  void ask() noexcept;
  const char* awaited(bool) const noexcept { return "the end of a call that the parent makes"; }

  std::uint64_t number() const noexcept { return number_; }
  void answer(nlohmann::json reply) noexcept;
  /// The result, or what went wrong.
  std::string take(call_output* captured);

private:
  parent_channel& parent_;
  context& owner_;
  const std::uint64_t maker_, number_;
  nlohmann::json reply_;
  std::atomic<bool> ended_{false};
};

class parent_channel {
public:
  using sender = std::function<void(const nlohmann::json&)>;
  /// `grace`: what the parent gives a call that is to end.
  parent_channel(sender send, std::chrono::nanoseconds grace);
  ~parent_channel();
  parent_channel(const parent_channel&) = delete;
  parent_channel& operator=(const parent_channel&) = delete;

  /// This process's; null: it is no worker.
  static parent_channel* here() noexcept;

  task<std::string> call(const remote_callable& what, std::string arguments, call_output* captured);
  /// The parent's call that runs here from now on.
  void begin(std::uint64_t maker) noexcept { maker_ = maker; }
  /// A `reply`.
  void take(const nlohmann::json& frame);
  void send(const nlohmann::json& frame) { send_(frame); }

private:
  ref<delegated_call> ask(context& ctx, const remote_callable& what, const std::string& arguments,
                          bool captures);

  const sender send_;
  const std::chrono::nanoseconds grace_;
  std::atomic<std::uint64_t> maker_{0};
  std::mutex mutex_; // what follows
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, ref<delegated_call>> open_;
};

} // namespace taskactor::detail
