#include "uplink.hpp"

#include "../link/frame.hpp"
#include "call_wait.hpp"
#include "worker_protocol.hpp"

#include <taskactor/process/run_in_process.hpp>
#include <taskactor/task/portable.hpp>
#include <taskactor/task/scope.hpp>

#include <memory>
#include <system_error>
#include <utility>

namespace taskactor::detail {

namespace {

std::atomic<uplink*> the_uplink{nullptr};

} // namespace

asked_call::asked_call(uplink& parent, context& owner, std::uint64_t maker, std::uint64_t number)
    : parent_(parent), owner_(owner), maker_(maker), number_(number) {
  owner_.retain();
}

void asked_call::signal(int number) noexcept { parent_.send({said::signal, maker_, number_, number}); }

void asked_call::ask() noexcept { signal(asks); }

void asked_call::answer(nlohmann::json reply) noexcept {
  reply_ = std::move(reply);
  ended_.store(true, std::memory_order_release);
  owner_.wake();
}

std::string asked_call::take(call_output* captured) {
  const auto how = static_cast<said>(reply_.at(2).get<int>());
  const auto& bytes = reply_.at(3).get_binary();
  std::string text{bytes.begin(), bytes.end()};
  const auto code = reply_.at(4).get<int>();
  call_output output{reply_.at(6).get<std::string>(), reply_.at(7).get<std::string>(),
                     reply_.at(8).get<bool>()};
  if (how == said::refused)
    throw std::system_error{make_error_code(static_cast<errc>(code)), text};
  if (how == said::cancelled && captured)
    throw cancelled_call{std::move(output)};
  if (how == said::cancelled)
    throw cancelled_error{};
  const auto kept = std::make_shared<const call_output>(std::move(output));
  if (how == said::lost)
    throw worker_lost{code, reply_.at(5).get<int>(), text, kept};
  if (how == said::failed)
    throw remote_error{text, kept};
  if (captured)
    *captured = *kept;
  return text;
}

uplink::uplink(sender send, std::chrono::nanoseconds grace) : send_(std::move(send)), grace_(grace) {
  the_uplink = this;
}

uplink::~uplink() { the_uplink = nullptr; }

uplink* uplink::here() noexcept { return the_uplink.load(); }

task<std::string> uplink::call(const portable& what, std::string arguments, call_output* captured) {
  context& ctx = require_context();
  if (ctx.must_stop())
    throw cancelled_error{};
  const auto call = ask(ctx, what, arguments, captured != nullptr);
  const auto how = co_await call_wait{call, false, time_point::max()};
  if (how != wait_end::arrived)
    co_await shield(ask_and_end_call(call, grace_ / 2));
  co_return call->take(captured);
}

ref<asked_call> uplink::ask(context& ctx, const portable& what, const std::string& arguments, bool captures) {
  const auto maker = maker_.load();
  ref<asked_call> call;
  {
    const std::lock_guard lock{mutex_};
    const auto number = ++last_number_;
    call = ref<asked_call>{new asked_call{*this, ctx, maker, number}};
    open_.emplace(number, call);
  }
  try {
    send_({said::ask, maker, call->number(), what.portable_name(),
           nlohmann::json::binary({arguments.begin(), arguments.end()}), captures});
  } catch (const std::exception&) { // beyond the limit of a frame
    const std::lock_guard lock{mutex_};
    open_.erase(call->number());
    throw;
  }
  return call;
}

void uplink::take(const nlohmann::json& frame) {
  std::unique_lock lock{mutex_};
  const auto found = open_.extract(frame.at(1).get<std::uint64_t>());
  lock.unlock();
  if (found)
    found.mapped()->answer(frame);
}

} // namespace taskactor::detail
