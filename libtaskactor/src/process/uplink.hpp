/// `uplink`: how a body in a worker calls further workers. It has none of its own: it asks the parent, whose
/// pool and limiter they are (`nested_calls.hpp`).
///
/// Threads: any.
#pragma once

#include <taskactor/process/capture_output.hpp>
#include <taskactor/task/context.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace taskactor::detail {

class uplink;

/// A call that was asked for.
class asked_call final : public operation {
public:
  asked_call(uplink& parent, context& owner, std::uint64_t maker, std::uint64_t number);
  ~asked_call() override { owner_.release(); }
  asked_call(const asked_call&) = delete;
  asked_call& operator=(const asked_call&) = delete;

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
  uplink& parent_;
  context& owner_;
  const std::uint64_t maker_, number_;
  nlohmann::json reply_;
  std::atomic<bool> ended_{false};
};

class uplink {
public:
  using sender = std::function<void(const nlohmann::json&)>;
  /// `grace`: what the parent gives a call that is to end.
  uplink(sender send, std::chrono::nanoseconds grace);
  ~uplink();
  uplink(const uplink&) = delete;
  uplink& operator=(const uplink&) = delete;

  /// This process's; null: it is no worker.
  static uplink* here() noexcept;

  task<std::string> call(const portable& what, std::string arguments, call_output* captured);
  /// The parent's call that runs here from now on.
  void begin(std::uint64_t maker) noexcept { maker_ = maker; }
  /// A `reply`.
  void take(const nlohmann::json& frame);
  void send(const nlohmann::json& frame) { send_(frame); }

private:
  ref<asked_call> ask(context& ctx, const portable& what, const std::string& arguments, bool captures);

  const sender send_;
  const std::chrono::nanoseconds grace_;
  std::atomic<std::uint64_t> maker_{0};
  std::mutex mutex_; // what follows
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, ref<asked_call>> open_;
};

} // namespace taskactor::detail
