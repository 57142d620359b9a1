#include <taskactor/queue/store_call.hpp>

#include <taskactor/detail/sync_waiter.hpp>
#include <taskactor/error.hpp>

#include <utility>

namespace taskactor::detail {

void refuse_empty_call() {
  throw error{errc::invalid_argument, "this call of a store was moved from: it is empty"};
}

call_end::call_end() : over_(new one_shot_state<void>) {}

bool call_end::is_over() const noexcept { return over_->stands() != wait_end::none; }

void call_end::conclude() noexcept {
  resumer<void> body;
  {
    const std::lock_guard lock{mutex_};
    auto nothing = sync_cell<stored<void>>{std::in_place};
    over_->set(nothing, {});
    body = std::move(waits_);
  }
  body();
}

void call_end::resume_at_end(resumer<void> who) {
  resumer<void> before; // of an await that has ended
  bool over = false;
  {
    const std::lock_guard lock{mutex_};
    over = is_over();
    if (!over)
      before = std::exchange(waits_, who);
  }
  if (over)
    who();
}

bool call_end::wait(time_point until) {
  std::uint64_t seen = 0;
  sync_block here{&seen};
  return here.run(
             *over_, [&](sync_wakes&) { return over_->look_or_wait(here); }, until)
         != wait_end::none;
}

bool call_wait::begin(context& ctx) {
  open({});
  if (const auto parks = ctx.refusal())
    return *parks;
  ref<callback_state<void>> state{new callback_state<void>{ctx}};
  const resumer<void> resume{*state};
  open(std::move(state));
  of_->resume_at_end(resume);
  return park(ctx);
}

} // namespace taskactor::detail
