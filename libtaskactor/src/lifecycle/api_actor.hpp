/// The API actor: the manager's actor for users' actors. It maps the messages of `actors/messages.hpp` to
/// what any thread may call, and keeps who waits for a task's end or hears of events.
#pragma once

#include "caf_adapter/service_actor.hpp"
#include "lifecycle/manager_messages.hpp"

#include <taskactor/actors/messages.hpp>

#include <caf/response_promise.hpp>
#include <caf/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace taskactor::detail {

class api_actor final : public service_actor {
public:
  api_actor(caf::actor_config& config, manager_core& home);
  caf::behavior make_behavior() override;
  const char* name() const override { return "taskactor.api"; }
  void on_exit() override;

private:
  /// A `run` whose task hasn't ended.
  struct open_run final : end_listener {
    open_run() noexcept
        : end_listener([](end_listener& self) noexcept {
            const auto& run = static_cast<open_run&>(self);
            post(run.api, run_over{run.number});
          }) {}
    caf::actor api;
    std::uint64_t number = 0;
    std::shared_ptr<submission> what;
    ref<record> task;
    caf::response_promise asker;
    caf::actor_id ends_with = 0; // whose end cancels the task
  };
  /// Whose end is to be heard of.
  struct known_actor {
    caf::strong_actor_ptr actor;
    std::size_t runs = 0; // that end with it
    bool subscribed = false;
    subscription events{};
  };

  void on_run(const msg::run_task& wish);
  void on_run_over(std::uint64_t number);
  void on_run_replied(const run_replied& copied);
  void copy_result(const open_run& of) noexcept;
  caf::result<std::string> on_start(submission& what);
  std::optional<rejection> admit(submission& what, ref<record>& admitted);
  void on_subscribe(const msg::subscribe& wish);
  void on_unsubscribe();
  known_actor& know(const caf::strong_actor_ptr& who);
  void forget_if_idle(caf::actor_id who);
  void on_down(caf::actor_id who);

  manager_core& home_;
  std::unordered_map<std::uint64_t, std::unique_ptr<open_run>> runs_;
  std::unordered_map<caf::actor_id, known_actor> known_;
  std::uint64_t runs_ever_ = 0;
};

} // namespace taskactor::detail
