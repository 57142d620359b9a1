/// The one place for what differs between CAF 0.17 and 1.x, with its neighbours `compat_actor.hpp` (what
/// makes a light actor) and `compat_scheduler.hpp` (how a scheduler of ours gets into a system).
///
///     post(to, message)                  sends one of our messages (messages.hpp), from nobody
///     post_from(sender, to, message)     the same, and the receiver learns from whom
///     post_at(clock, when, to, message)  the same, later
///     send_mail(to, make_mail(...))      what these do: for what is made before, is a request, or has come
///                                        from elsewhere
///     monitor_actor(self, who)           `f(down_msg&)` of `when_actor_down(self, f)` hears of its end
///     unmonitor_actor(self, who)         doesn't any more
///     when_asked_to_end(self, f)         `f(exit_msg&)` takes exit messages, but for a kill
///     run_soon, run_later                give the scheduler something to run
///     handles<R, Ts...>                  of a typed actor: replies with R to a message of Ts
///
/// Each has two implementations of a line or two. Nothing else may ask for CAF's version, nor use a name that
/// only one of the two has.
#pragma once

#include "base/memory.hpp"

#include <caf/actor.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/default_attachable.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message_id.hpp>
#include <caf/resumable.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

// CAF_VERSION itself is of no use: 1.1.0 says 0100.
#if CAF_MAJOR_VERSION == 0 && CAF_MINOR_VERSION != 17
#error "taskactor needs CAF 0.17.6 or 1.x: the versions between them have the interface of neither"
#endif
#if CAF_MAJOR_VERSION == 0
#define TASKACTOR_CAF_0 1
#include <caf/execution_unit.hpp>
#include <caf/logger.hpp>
#include <caf/replies_to.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#else
#define TASKACTOR_CAF_0 0
#include <caf/result.hpp>
#include <caf/scheduler.hpp>
#endif

namespace taskactor::detail {

// -- what runs an actor -----------------------------------------------------

#if TASKACTOR_CAF_0
/// What runs an actor: a worker of the scheduler.
using executor = caf::execution_unit;

inline void run_soon(caf::actor_system& system, caf::resumable* job) { system.scheduler().enqueue(job); }
/// Threads: the one that `here` stands for; any for `run_soon`.
inline void run_later(executor& here, caf::resumable* job) { here.exec_later(job); }
#else
using executor = caf::scheduler;

inline void run_soon(caf::actor_system& system, caf::resumable* job) { system.scheduler().schedule(job); }
inline void run_later(executor& here, caf::resumable* job) { here.delay(job); }
#endif

/// CAF 0.17 keeps a system's logger in each thread that has made the system or spawned in it; its destructor
/// waits until all these have let go of it, or ended. A caller's thread only passes through: this lets go.
class passing_through {
public:
#if TASKACTOR_CAF_0
  passing_through() : before_(caf::logger::current_logger()) {}
  ~passing_through() {
    if (caf::logger::current_logger() != before_)
      caf::logger::set_current_actor_system(nullptr);
  }
#else
  passing_through() {} // NOLINT: not trivial, so that no compiler takes it for an unused variable
#endif
  passing_through(const passing_through&) = delete;
  passing_through& operator=(const passing_through&) = delete;

private:
#if TASKACTOR_CAF_0
  const caf::logger* before_;
#endif
};

/// An actor that may be detached. If its thread can't be made, for want of threads or of memory, the system's
/// destructor doesn't wait for it: CAF 0.17 counts a thread before it has one.
#if TASKACTOR_CAF_0
template <class Base>
class detachable : public Base {
public:
  using Base::Base;
  void launch(caf::execution_unit* here, bool lazy, bool hide) override {
    try {
      Base::launch(here, lazy, hide);
    } catch (...) {
      if (is_counted())
        this->home_system().dec_detached_threads();
      throw;
    }
  }

private:
  bool is_counted() const noexcept {
    if constexpr (std::is_base_of_v<caf::scheduled_actor, Base>)
      return this->private_thread_ != nullptr; // whose constructor counts it
    else
      return true; // that is the first thing that a blocking actor does
  }
};
#else
template <class Base>
using detachable = Base;
#endif

// -- messages ---------------------------------------------------------------

/// `content`: one of our messages, or a `caf::message`.
template <class T>
caf::mailbox_element_ptr make_mail(caf::strong_actor_ptr sender, T&& content,
                                   caf::message_id id = caf::make_message_id()) {
#if TASKACTOR_CAF_0
  return caf::make_mailbox_element(std::move(sender), id, {}, std::forward<T>(content));
#else
  return caf::make_mailbox_element(std::move(sender), id, std::forward<T>(content));
#endif
}

/// For what must not be lost for want of memory. (1.x takes it, and allocates once more: it gets a copy.)
template <class T>
caf::mailbox_element_ptr make_mail_surely(const caf::strong_actor_ptr& sender, T&& message) {
#if TASKACTOR_CAF_0
  return once_there_is_memory([&] { return make_mail(sender, std::forward<T>(message)); });
#else
  return once_there_is_memory([&] { return make_mail(sender, std::decay_t<T>(std::as_const(message))); });
#endif
}

/// The actor that a handle, which has one, refers to.
inline caf::abstract_actor& receiver_of(const caf::actor& who) {
  return *caf::actor_cast<caf::abstract_actor*>(who);
}

/// The way of every message that the library sends, but for exit messages, which CAF sends.
/// Threads: any; with `here`, the one that it stands for.
inline void send_mail(caf::abstract_actor& to, caf::mailbox_element_ptr mail, executor* here = nullptr) {
  to.enqueue(std::move(mail), here);
}
/// Without a receiver (an actor that we have let go) it does nothing.
inline void send_mail(const caf::actor& to, caf::mailbox_element_ptr mail) {
  if (to)
    send_mail(receiver_of(to), std::move(mail));
}
/// The same, later. It can't be taken back, and keeps the receiver's storage until `when`.
inline void send_mail_at(caf::actor_clock& clock, caf::actor_clock::time_point when, caf::strong_actor_ptr to,
                         caf::mailbox_element_ptr mail) {
  clock.schedule_message(when, std::move(to), std::move(mail));
}

/// Threads: any, for these and `post_at`. Without a receiver nothing is made.
template <class T>
void post(const caf::actor& to, T&& message) {
  if (to)
    send_mail(receiver_of(to), make_mail_surely(nullptr, std::forward<T>(message)));
}
template <class T>
void post_from(const caf::actor& sender, const caf::actor& to, T&& message) {
  if (to)
    send_mail(receiver_of(to),
              make_mail_surely(caf::actor_cast<caf::strong_actor_ptr>(sender), std::forward<T>(message)));
}
template <class T>
void post_at(caf::actor_clock& clock, caf::actor_clock::time_point when, caf::strong_actor_ptr to,
             T&& message) {
  send_mail_at(clock, when, std::move(to), make_mail_surely(nullptr, std::forward<T>(message)));
}

/// Threads: the one that runs `sender`; also to itself.
template <class T>
void post_from(caf::local_actor& sender, caf::abstract_actor& to, T&& message) {
  send_mail(to, make_mail_surely(sender.ctrl(), std::forward<T>(message)), sender.context());
}
template <class T>
void post_from(caf::local_actor& sender, const caf::actor& to, T&& message) {
  if (to)
    post_from(sender, receiver_of(to), std::forward<T>(message));
}

// -- typed actors -----------------------------------------------------------
#if TASKACTOR_CAF_0
template <class R, class... Ts>
using handles = typename caf::replies_to<Ts...>::template with<R>;
#else
template <class R, class... Ts>
using handles = caf::result<R>(Ts...);
#endif

// -- monitors ---------------------------------------------------------------

inline void unmonitor_actor(caf::event_based_actor& self, const caf::strong_actor_ptr& who) {
  who->get()->detach(
      caf::default_attachable::observe_token{self.address(), caf::default_attachable::monitor});
}

#if TASKACTOR_CAF_0
inline void monitor_actor(caf::event_based_actor& self, const caf::strong_actor_ptr& who) {
  self.monitor(who->get(), caf::message_priority::normal);
}
template <class F>
void when_actor_down(caf::event_based_actor& self, F f) {
  self.set_down_handler(std::move(f));
}
template <class F>
void when_asked_to_end(caf::event_based_actor& self, F f) {
  self.set_exit_handler(std::move(f));
}
#else
inline void monitor_actor(caf::event_based_actor& self, const caf::strong_actor_ptr& who) {
  who->get()->attach(
      caf::default_attachable::make_monitor(who->address(), self.address(), caf::message_priority::normal));
}
// CAF 1.x would rather have a callback for each monitor; that costs an action with a mutex for each task.
CAF_PUSH_DEPRECATED_WARNING
template <class F>
void when_actor_down(caf::event_based_actor& self, F f) {
  self.set_down_handler(std::move(f));
}
template <class F>
void when_asked_to_end(caf::event_based_actor& self, F f) {
  self.set_exit_handler(std::move(f));
}
CAF_POP_WARNINGS
#endif

} // namespace taskactor::detail
