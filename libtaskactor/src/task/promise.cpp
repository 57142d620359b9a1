// How the frames of coroutines end.
//
// A frame that is destroyed where it stands runs its destructors as if it had been left there. When one of
// them throws, the body's own handlers may catch that and go on to a further await; otherwise the promise is
// given it, and the frame stands at its end. Either way it is still there, and is destroyed again.
#include <taskactor/expected.hpp>
#include <taskactor/task.hpp>

#include <chrono>
#include <cstdlib>
#include <new>
#include <utility>

namespace taskactor::detail {

namespace {

/// So often a body may catch what its own destructors throw, and go on. Then it stays where it is, for ever.
constexpr int most_attempts = 100;

/// A task that is cancelled, of which nothing can be asked.
class last_core final : public task_core {
  std::string current_id() const override { return {}; }
  time_point deadline() const noexcept override { return time_point::max(); }
  bool cancel_requested() const noexcept override { return true; }
  void report_progress(std::uint64_t, std::uint64_t, std::string) override {}
  void report_cleanup_fault(const std::exception_ptr&) noexcept override {}
  time_point now() const noexcept override { return {}; }
  std::size_t attempt() const noexcept override { return 1; }
  std::uint64_t fencing_token() const noexcept override { return 0; }
  void forbid_retry() noexcept override {}
  void give(stop_token_box&) override {}
};

/// What a frame runs in while it is destroyed: a body that goes on in it comes to its next await, and no
/// further; nothing outside hears of that.
class last_context final : public context {
public:
  constexpr last_context() noexcept { refusals_ = prompt_refusals; }
  void forget() noexcept {
    leaf = nullptr;
    waiting = nullptr;
    scopes = nullptr;
    refusals_ = prompt_refusals;
  }
  task_core& core() const noexcept override {
    static last_core nobody;
    return nobody;
  }
  manager_core& home() noexcept override { std::abort(); } // asked for only behind an await that is refused
  void arm(timer_entry&) override {}
  void disarm(timer_entry&) noexcept override {}
  bool move(timer_entry&, time_point) override { return false; }
  void wake() noexcept override {}
  void retain() noexcept override {}
  void release() noexcept override {}
  void join_before_exit(ref<operation>) override {}
  void join_before_exit_if_killed(ref<operation>) override {}
  void lend_token_back() override {}
  void do_without_token() noexcept override {}

private:
  local_binding* inherited_locals() const noexcept override { return nullptr; }
  void pause() override {}
};

constinit thread_local last_context no_context;

class first_fault {
public:
  void add(std::exception_ptr&& thrown) noexcept {
    if (!first_)
      first_ = std::move(thrown);
    else
      report_fault(thrown);
  }
  std::exception_ptr take() noexcept { return std::move(first_); }

private:
  std::exception_ptr first_;
};

} // namespace

void promise_base::unhandled_exception() noexcept {
  error = std::current_exception();
  cancellation = !continuation && caught_cancellation();
}

void promise_base::raise_no_value() {
  if (error)
    std::rethrow_exception(std::move(error));
  throw_rejection({errc::no_value, "a coroutine has ended without a co_return of its value"});
}

void refuse_empty_task() {
  throw_rejection({errc::invalid_argument,
                   "this task is empty: it was moved from, has been awaited already, or was never made"});
}

void report_fault(const std::exception_ptr& thrown) noexcept {
  if (!thrown)
    return;
  if (auto* const task = current_task())
    task->report_cleanup_fault(thrown);
}

std::exception_ptr destroy_frame(promise_base* frame) noexcept {
  first_fault faults;
  void* const memory = frame->handle.address();
  frame->owner = &frame; // null when it has gone
  frame->ctx = &no_context;
  for (int left = most_attempts; left != 0; --left) {
    frame->error = nullptr; // nobody has asked for it
    try {
      frame->handle.destroy();
    } catch (const parameters_gone&) {
      ::operator delete(memory);
    } catch (...) { // elsewhere than in g++ 12: out of a parameter's destructor, the last thing of all
      faults.add(std::current_exception());
      if (frame)
        std::exchange(frame, nullptr)->owner = nullptr; // what it is now nobody knows: it stays in memory
    }
    if (!frame)
      break;
    no_context.forget();
    if (frame->error)
      faults.add(std::exchange(frame->error, nullptr));
    if (left == 1)
      frame->owner = nullptr;
  }
  return faults.take();
}

std::exception_ptr destroy_chain(promise_base* leaf) noexcept {
  first_fault faults;
  while (leaf) {
    promise_base* const up = leaf->continuation;
    if (leaf->owner)
      *leaf->owner = nullptr;
    if (auto thrown = destroy_frame(leaf))
      faults.add(std::move(thrown));
    leaf = up;
  }
  return faults.take();
}

void drop_frame(promise_base* frame) noexcept { report_fault(destroy_frame(frame)); }

} // namespace taskactor::detail
