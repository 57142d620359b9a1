/// `detail::end_listener`: whoever waits for the end of a task; `end_listeners`: all of them. Not for users.
#pragma once

namespace taskactor::detail {

/// Told once that a task has ended, on the manager's thread: must not block. Not by a virtual function: its
/// owner's destructor, which removes it, has begun perhaps.
class end_listener {
public:
  void tell() noexcept { told_(*this); }

protected:
  explicit end_listener(void (*told)(end_listener&) noexcept) noexcept : told_(told) {}
  ~end_listener() = default;
  void (*told_)(end_listener&) noexcept;

private:
  friend class end_listeners;
  /// Who listens to the same task: it leaves without looking for itself among them.
  end_listener* next_ = nullptr;
  end_listener** link_ = nullptr; // what points to it; null while it doesn't listen
};

/// Who listens to one task; the last who came is the first to be told. Stays where it is: the first listener
/// points to it. Threads: any, under a lock of its owner's.
class end_listeners {
public:
  bool empty() const noexcept { return first_ == nullptr; }
  void add(end_listener& listener) noexcept {
    listener.next_ = first_;
    listener.link_ = &first_;
    if (first_)
      first_->link_ = &listener.next_;
    first_ = &listener;
  }
  /// Harmless for one that doesn't listen any more.
  static void remove(end_listener& listener) noexcept {
    if (!listener.link_)
      return;
    *listener.link_ = listener.next_;
    if (listener.next_)
      listener.next_->link_ = listener.link_;
    listener.link_ = nullptr;
  }
  /// Each is removed, and then told, under the lock as well: a listener lives in a frame, and removes itself
  /// before it goes.
  void tell_all() noexcept {
    while (auto* const listener = first_) {
      remove(*listener);
      listener->tell();
    }
  }

private:
  end_listener* first_ = nullptr;
};

} // namespace taskactor::detail
