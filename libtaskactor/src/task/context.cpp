#include <taskactor/errc.hpp>
#include <taskactor/task/context.hpp>
#include <taskactor/task/task.hpp>

#include <system_error>
#include <utility>

namespace taskactor::detail {

namespace {

// Only touched out of line: a compiler may not cache its address in a coroutine that goes on on another
// thread.
thread_local context* this_context = nullptr;
thread_local task_core* this_core = nullptr;

} // namespace

context* current_context() noexcept { return this_context; }
task_core* current_task() noexcept { return this_core; }

task_core& require_task() {
  if (!this_core)
    throw std::system_error{make_error_code(errc::not_in_task),
                            "this function is for code that runs in a task"};
  return *this_core;
}

context& require_context() {
  if (!this_context)
    throw std::system_error{make_error_code(errc::not_in_task), "this await is for a task's coroutine"};
  return *this_context;
}

current_scope::current_scope(task_core* core, context* ctx) noexcept
    : core_(std::exchange(this_core, core)), context_(std::exchange(this_context, ctx)) {}

current_scope::~current_scope() {
  this_core = core_;
  this_context = context_;
}

std::exception_ptr destroy_chain(promise_base* leaf) noexcept {
  std::exception_ptr thrown;
  while (leaf) {
    promise_base* up = leaf->continuation;
    if (leaf->owner)
      *leaf->owner = nullptr;
    try {
      leaf->handle.destroy();
    } catch (...) {
      thrown = std::current_exception();
    }
    leaf = up;
  }
  return thrown;
}

} // namespace taskactor::detail
