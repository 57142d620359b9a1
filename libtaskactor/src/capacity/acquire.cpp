#include <taskactor/acquire.hpp>

#include "caf_adapter/compat.hpp"
#include "capacity/limiter_changes.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/manager_messages.hpp"
#include "lifecycle/task_extras.hpp"

#include <taskactor/outcome.hpp>

#include <caf/all.hpp>

namespace taskactor {
namespace detail {

namespace {

/// Waits in the limiters' lines as a task does, and wakes its body.
class acquire_waiter final : public record {
public:
  explicit acquire_waiter(context& owner) : owner_(&owner) {
    const auto& task = static_cast<const record&>(owner.core());
    kind = record_kind::claim;
    home = task.home;
    id = task.current_id();
    priority = task.priority;
    sequence = task.sequence;
    submitted = waits_since = task.now();
    extras = std::make_unique<detail::task_extras>();
    if (task.extras)
      extras->fairness_key = task.extras->fairness_key;
  }
  void on_granted() noexcept override { owner_->wake(); }

  bool start(context&) override { return false; }
  void collect() noexcept override {}
  std::exception_ptr discard_body() noexcept override { return {}; }
  void fail(failure) noexcept override {}
  void drop_outcome() noexcept override {}
  const failure* failed() const noexcept override { return nullptr; }

private:
  ref<context> owner_;
};

void end_claim(ref<record>& claim, bool used) noexcept {
  if (const auto over = std::exchange(claim, {}))
    post(over->home->manager(), claim_over{over, used});
}

} // namespace

acquire_awaiter::~acquire_awaiter() { end_claim(claim_, false); }

bool acquire_awaiter::start(context& ctx) {
  if (const auto parks = ctx.refusal())
    return *parks;
  ref<record> claim{new acquire_waiter{ctx}};
  if (const auto wrong = find_needs(ctx.home(), limits_, claim->extras->needs))
    throw_rejection(*wrong);
  auto& task = static_cast<record&>(ctx.core());
  auto mail = make_mail(nullptr, claim_tokens{claim, ref<record>{&task}}); // what can fail comes first
  claim_ = std::move(claim);
  ctx.waiting = this;
  task.token.lend(); // the manager takes it only if there are no tokens at once
  send_mail(ctx.home().manager(), std::move(mail));
  return true;
}

wait_reason acquire_awaiter::reason() const {
  std::string names;
  for (const auto& each : limits_)
    names += (names.empty() ? "" : ", ") + each.name;
  return {"tokens of " + names};
}

permit acquire_awaiter::await_resume() {
  if (!claim_ || !ready())
    throw cancelled_error{};
  return permit{std::exchange(claim_, {})};
}

} // namespace detail

void permit::release() noexcept { detail::end_claim(claim_, true); }

} // namespace taskactor
