/// What makes a class an actor without a mailbox and without a behavior: it has an address, can be monitored
/// and linked, takes exit messages, and is run by the scheduler.
///
///     class my_actor final : public light_actor, public caf::resumable {
///       TASKACTOR_LIGHT_ACTOR
///       const char* name() const override;
///       resume_result resume(executor* here, std::size_t) override;
///       void on_exit_message(const caf::exit_msg& exit);                 // any thread
///     };
///
/// A reply goes to `on_response(number, message)`, on any thread. Any other message is dropped; a request is
/// answered with `unexpected_message`.
///
/// TASKACTOR_ACTOR_OF_MAIL, in place of the first and without `resumable`, hands all that comes to
/// `on_mail(caf::mailbox_element_ptr)`, on any thread.
///
/// A macro and not a base class: CAF 0.17 casts every job dynamically before it runs it, and a level of
/// inheritance more costs an empty task 140 instructions, measured.
#pragma once

#include "caf_adapter/compat.hpp"

#if TASKACTOR_CAF_0
#include <caf/monitorable_actor.hpp>
#else
#include <caf/abstract_actor.hpp>
#endif

#include <caf/attachable.hpp>
#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

#include <cstdint>
#include <utility>

namespace taskactor::detail {

/// What a mail brings.
inline caf::message message_of(caf::mailbox_element& mail) {
#if TASKACTOR_CAF_0
  return mail.move_content_to_message();
#else
  return mail.content();
#endif
}

/// Answers a request with this error; other mail has no answer. Threads: any.
inline void refuse_mail(const caf::mailbox_element& mail, const caf::error& why) {
  if (!mail.sender || !mail.mid.is_request())
    return;
  send_mail(*mail.sender->get(), make_mail(nullptr, caf::make_message(why), mail.mid.response_id()));
}

/// Attached to an actor, hears of its end, whatever it is, as who monitors it does by a message: on any
/// thread.
class end_watch : public caf::attachable {
public:
#if TASKACTOR_CAF_0
  void actor_exited(const caf::error&, caf::execution_unit*) final { on_end(); }
#else
  void actor_exited(const caf::error&, caf::scheduler*) final { on_end(); }
#endif

private:
  virtual void on_end() noexcept = 0;
};

/// Hands on what the mail brings.
template <class Self>
void take_mail(Self& self, caf::mailbox_element& mail) {
  if (mail.content().match_elements<caf::exit_msg>())
    self.on_exit_message(mail.content().get_as<caf::exit_msg>(0));
  else if (mail.mid.is_response())
    self.on_response(mail.mid.request_id().integer_value(), message_of(mail));
  else if (mail.mid.is_request())
    caf::detail::sync_request_bouncer{caf::make_error(caf::sec::unexpected_message)}(mail.sender, mail.mid);
}

#if TASKACTOR_CAF_0

using light_actor = caf::monitorable_actor;

#define TASKACTOR_LIGHT_ACTOR                                                                                \
public:                                                                                                      \
  using caf::abstract_actor::enqueue;                                                                        \
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {                               \
    taskactor::detail::take_mail(*this, *what);                                                              \
  }                                                                                                          \
  void on_destroy() override {                                                                               \
    if (!getf(is_cleaned_up_flag))                                                                           \
      cleanup(caf::exit_reason::unreachable, nullptr);                                                       \
    light_actor::on_destroy();                                                                               \
  }                                                                                                          \
  caf::resumable::subtype_t subtype() const override { return caf::resumable::function_object; }             \
  void intrusive_ptr_add_ref_impl() override { caf::intrusive_ptr_add_ref(ctrl()); }                         \
  void intrusive_ptr_release_impl() override { caf::intrusive_ptr_release(ctrl()); }

#define TASKACTOR_ACTOR_OF_MAIL                                                                              \
public:                                                                                                      \
  using caf::abstract_actor::enqueue;                                                                        \
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override { on_mail(std::move(what)); }   \
  void on_destroy() override {                                                                               \
    if (!getf(is_cleaned_up_flag))                                                                           \
      cleanup(caf::exit_reason::unreachable, nullptr);                                                       \
    light_actor::on_destroy();                                                                               \
  }

#else

using light_actor = caf::abstract_actor;

// caf::make_actor wants setup_metrics of any actor.
#define TASKACTOR_LIGHT_ACTOR                                                                                \
public:                                                                                                      \
  bool enqueue(caf::mailbox_element_ptr what, caf::scheduler*) override {                                    \
    taskactor::detail::take_mail(*this, *what);                                                              \
    return !is_terminated();                                                                                 \
  }                                                                                                          \
  void ref_resumable() const noexcept override { caf::intrusive_ptr_add_ref(ctrl()); }                       \
  void deref_resumable() const noexcept override { caf::intrusive_ptr_release(ctrl()); }                     \
  void setup_metrics() noexcept {}                                                                           \
                                                                                                             \
private:                                                                                                     \
  void force_close_mailbox() override {}

#define TASKACTOR_ACTOR_OF_MAIL                                                                              \
public:                                                                                                      \
  bool enqueue(caf::mailbox_element_ptr what, caf::scheduler*) override {                                    \
    on_mail(std::move(what));                                                                                \
    return true;                                                                                             \
  }                                                                                                          \
  void setup_metrics() noexcept {}                                                                           \
                                                                                                             \
private:                                                                                                     \
  void force_close_mailbox() override {}

#endif

} // namespace taskactor::detail
