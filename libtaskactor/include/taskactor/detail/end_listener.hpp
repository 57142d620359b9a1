/// `detail::end_listener`: whoever waits for the end of a task. Not for users.
#pragma once

namespace taskactor::detail {

/// Told once that a task has ended, on the manager's thread: must not block. Not by a virtual function: its
/// owner's destructor, which removes it, has begun perhaps.
class end_listener {
public:
  void tell() noexcept { told_(*this); }
  /// Who listens to the same task: it leaves without looking for itself among them.
  end_listener* next = nullptr;
  end_listener** link = nullptr; // what points to it; null while it doesn't listen

protected:
  explicit end_listener(void (*told)(end_listener&) noexcept) noexcept : told_(told) {}
  ~end_listener() = default;
  void (*told_)(end_listener&) noexcept;
};

} // namespace taskactor::detail
