/// A call of this node's, for the body that awaits it.
#pragma once

#include "lifecycle/manager_core.hpp"
#include "node/node_host.hpp"

#include <taskactor/detail/wait.hpp>
#include <taskactor/task.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace taskactor::detail {

/// Outlives the body, when that is killed: then nobody looks at the answer.
class node_call final : public call_sink {
public:
  explicit node_call(context& owner) : owner_(owner), task_(static_cast<record*>(&owner.core())) {
    owner_.retain();
  }
  ~node_call() override { owner_.release(); }
  node_call(const node_call&) = delete;
  node_call& operator=(const node_call&) = delete;

  void ended(call_answer answer) noexcept override {
    answer_ = std::move(answer);
    arrived_.store(true, std::memory_order_release);
    owner_.wake();
  }
  void progressed(std::uint64_t done, std::uint64_t total, std::string text) noexcept override;
  std::string task_id() const override { return task_->current_id(); }
  bool arrived() const noexcept { return arrived_.load(std::memory_order_acquire); }
  /// The task consists of this call.
  bool is_all_of_its_task() const noexcept { return task_->runs_anywhere; }
  call_answer take() noexcept { return std::move(answer_); }

private:
  context& owner_;
  const ref<record> task_;
  call_answer answer_;
  std::atomic<bool> arrived_{false};
};

/// Waits for the answer, without the task's token. Cancelled, it asks for the end there and goes on waiting.
class node_call_wait final : lending_wait {
public:
  node_call_wait(std::shared_ptr<node_host> host, std::shared_ptr<node_call> call, std::uint64_t number)
      : host_(std::move(host)), call_(std::move(call)), number_(number) {}

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    if (call_->arrived())
      return false;
    auto& ctx = *self.promise().ctx;
    if (ctx.must_stop())
      stop();
    lend(ctx);
    return true;
  }
  /// True: it was asked to end.
  bool await_resume() const noexcept { return asked_; }

private:
  bool arrived() const noexcept override { return call_->arrived(); }
  bool is_all() const noexcept override { return call_->is_all_of_its_task(); }
  bool give_up() noexcept override {
    asked_ = true;
    host_->cancel(number_);
    return false;
  }
  ref<operation> kill() noexcept override {
    host_->abandon(number_);
    return {};
  }
  std::string awaited() const override { return "a call on another node"; }

  const std::shared_ptr<node_host> host_;
  const std::shared_ptr<node_call> call_;
  const std::uint64_t number_;
  bool asked_ = false;
};

} // namespace taskactor::detail
