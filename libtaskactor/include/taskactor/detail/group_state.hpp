/// The machinery of a task group. Not for users: see `task_group.hpp`.
///
///     parent's frame: [ body in a scope ] [ join: until no child is left ]
///                           |  ^ cancelled with the group
///     children: tasks under the manager, told of by their child observer, this state
///
/// Threads: children are added from any thread; their ends come on the manager's.
#pragma once

#include <taskactor/detail/child_observer.hpp>
#include <taskactor/detail/group_errors.hpp>
#include <taskactor/detail/group_members.hpp>
#include <taskactor/detail/group_origin.hpp>
#include <taskactor/detail/group_parent.hpp>
#include <taskactor/detail/record.hpp>
#include <taskactor/detail/wait.hpp>
#include <taskactor/scope.hpp>

#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace taskactor::detail {

class group_state : public child_observer {
public:
  /// With `all_needed` a child that somebody else cancels ends the group.
  explicit group_state(context& parent, bool all_needed = false);

  /// Admits a child, with an id below the parent's; or says why not, or throws: then it isn't in the group.
  /// `told`: what the manager tells of it, and hands that on to this.
  std::optional<rejection> admit(ref<record> child, task_options&& options, ref<record>& joined,
                                 ref<child_observer> told = {});
  /// Asks all in the group to end, the body too.
  void cancel();
  /// An error of the body, or of a child: kept, and all are asked to end.
  void fail(std::exception_ptr error) noexcept;
  /// Asks the children to end, for a reason outside.
  void cancel_children(end_reason why) noexcept { end_children(why, false); }
  /// The parent is destroyed: so are they. No other is admitted.
  void kill_children() noexcept { end_children(end_reason::parent_ended, true); }

  // -- the parent's body ----------------------------------------------------
  void enter(scope* body) noexcept;
  bool cancelled() const noexcept;
  /// The body has ended: the group does when it has no child, from now on. True: it has none. That it is
  /// empty and that it takes no other are one decision, since any thread may add some.
  bool join() noexcept;
  /// No child is left that is waited for, and the group takes no other.
  bool over() const noexcept;
  /// And none that was left behind: for a parent that was killed, whose frames they may refer to.
  bool ended() const noexcept override;
  std::vector<std::exception_ptr> take_errors() noexcept;
  /// What the first child that somebody else has cancelled has to say, or null.
  std::exception_ptr lost_child() const noexcept;
  std::size_t size() const noexcept;
  const std::string& parent_id() const noexcept { return origin_.parent_id(); }

  // -- child observer -------------------------------------------------------
  void child_ended(record& child) noexcept override;
  void child_left_behind(record& child) noexcept override;
  bool attempt_left_behind(record& rest) noexcept override;
  void child_gone(record& child) noexcept override;
  std::string next_id() override { return origin_.next_id(); }

private:
  void destroy() noexcept override;
  void end_children(end_reason why, bool kill) noexcept;
  void lose(std::exception_ptr child) noexcept;

  group_origin origin_; // constant until it is destroyed
  const bool all_needed_;
  mutable std::mutex mutex_; // what follows
  group_parent parent_;
  group_members members_;
  group_errors errors_;
  std::optional<end_reason> ending_; // children are to end, for this
};

/// The body of a group in its scope.
template <class T>
class group_body final : body_scope {
public:
  group_body(ref<group_state> state, task<T> inner) noexcept
      : body_scope(time_point::max(), false),
        state_(std::move(state)),
        inner_(std::move(inner).operator co_await()) {}
  group_body(const group_body&) = delete;
  group_body& operator=(const group_body&) = delete;
  ~group_body() { state_->enter(nullptr); }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  void await_suspend(std::coroutine_handle<Promise> parent) {
    enter(*parent.promise().ctx);
    state_->enter(this);
    inner_.await_suspend(parent);
  }
  T await_resume() {
    state_->enter(nullptr);
    leave();
    return inner_.await_resume();
  }

private:
  void cancel_inside() noexcept override { state_->cancel_children(end_reason::parent_ended); }
  ref<operation> kill() noexcept override {
    state_->kill_children();
    return state_;
  }

  ref<group_state> state_;
  typename task<T>::awaiter inner_;
};

/// Waits until no child is left, whatever happens (rule 15); a cancellation from outside is kept for then.
class group_join final : lending_wait {
public:
  explicit group_join(ref<group_state> state) noexcept : state_(std::move(state)) {}
  bool await_ready() const noexcept { return state_->join(); }
  template <body_promise Promise>
  void await_suspend(std::coroutine_handle<Promise> self) {
    lend(*self.promise().ctx);
  }
  void await_resume() const {
    if (!state_->ended())
      require_context().join_before_exit_if_killed(state_); // children that were left behind go on
  }
  /// A cancellation or deadline around the group has come while there were children: they were asked to end.
  bool told() const noexcept { return told_; }

private:
  bool arrived() const noexcept override { return state_->over(); }
  std::string awaited() const override {
    return "its task group, of which " + std::to_string(state_->size()) + " are left";
  }
  bool give_up() noexcept override {
    told_ = told_ || !state_->over();
    state_->cancel_children(end_reason::parent_ended);
    return false;
  }
  ref<operation> kill() noexcept override {
    state_->kill_children();
    return state_;
  }

  ref<group_state> state_;
  bool told_ = false;
};

} // namespace taskactor::detail
