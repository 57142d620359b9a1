#include "worker/parent_channel.hpp"

#include "command/call_wait.hpp"
#include "transport/frame.hpp"
#include "worker/worker_protocol.hpp"

#include <taskactor/detail/remote_callable.hpp>
#include <taskactor/error.hpp>
#include <taskactor/remote_error.hpp>
#include <taskactor/scope.hpp>

#include <memory>
#include <system_error>
#include <utility>

namespace taskactor::detail {

namespace {

std::atomic<parent_channel*> the_parent_channel{nullptr};

} // namespace

delegated_call::delegated_call(parent_channel& parent, context& owner, std::uint64_t maker,
                               std::uint64_t number)
    : parent_(parent), owner_(owner), maker_(maker), number_(number) {
  owner_.retain();
}

void delegated_call::signal(int number) noexcept {
  parent_.send({worker_frame::signal, maker_, number_, number});
}

void delegated_call::ask() noexcept { signal(asks); }

void delegated_call::answer(nlohmann::json reply) noexcept {
  reply_ = std::move(reply);
  ended_.store(true, std::memory_order_release);
  owner_.wake();
}

std::string delegated_call::take(call_output* captured) {
  const auto how = static_cast<worker_frame>(reply_.at(2).get<int>());
  const auto& bytes = reply_.at(3).get_binary();
  std::string text{bytes.begin(), bytes.end()};
  const auto code = reply_.at(4).get<int>();
  call_output output{reply_.at(6).get<std::string>(), reply_.at(7).get<std::string>(),
                     reply_.at(8).get<bool>()};
  if (how == worker_frame::refused)
    throw error{static_cast<errc>(code), text};
  if (how == worker_frame::cancelled && captured)
    throw cancelled_call{std::move(output)};
  if (how == worker_frame::cancelled)
    throw cancelled_error{};
  const auto kept = std::make_shared<const call_output>(std::move(output));
  if (how == worker_frame::lost)
    throw worker_lost{code, reply_.at(5).get<int>(), text, kept};
  if (how == worker_frame::failed)
    throw remote_error{text, kept};
  if (captured)
    *captured = *kept;
  return text;
}

parent_channel::parent_channel(sender send, std::chrono::nanoseconds grace)
    : send_(std::move(send)), grace_(grace) {
  the_parent_channel = this;
}

parent_channel::~parent_channel() { the_parent_channel = nullptr; }

parent_channel* parent_channel::here() noexcept { return the_parent_channel.load(); }

task<std::string> parent_channel::call(const remote_callable& what, std::string arguments,
                                       call_output* captured) {
  context& ctx = require_context();
  if (ctx.must_stop())
    throw cancelled_error{};
  const auto call = ask(ctx, what, arguments, captured != nullptr);
  const auto how = co_await call_wait{call, false, time_point::max()};
  if (how != call_wait_end::arrived)
    co_await shield(ask_and_end_call(call, grace_ / 2));
  co_return call->take(captured);
}

ref<delegated_call> parent_channel::ask(context& ctx, const remote_callable& what,
                                        const std::string& arguments, bool captures) {
  const auto maker = maker_.load();
  ref<delegated_call> call;
  {
    const std::lock_guard lock{mutex_};
    const auto number = ++last_number_;
    call = ref<delegated_call>{new delegated_call{*this, ctx, maker, number}};
    open_.emplace(number, call);
  }
  try {
    send_({worker_frame::ask, maker, call->number(), what.remote_name(),
           nlohmann::json::binary({arguments.begin(), arguments.end()}), captures});
  } catch (const std::exception&) { // beyond the limit of a frame
    const std::lock_guard lock{mutex_};
    open_.erase(call->number());
    throw;
  }
  return call;
}

void parent_channel::take(const nlohmann::json& frame) {
  std::unique_lock lock{mutex_};
  const auto found = open_.extract(frame.at(1).get<std::uint64_t>());
  lock.unlock();
  if (found)
    found.mapped()->answer(frame);
}

} // namespace taskactor::detail
