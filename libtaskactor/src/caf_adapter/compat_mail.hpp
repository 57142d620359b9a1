/// A mail that comes back if its receiver ends without having taken it up.
///
///     send_mail(*to->get(), returnable_mail(std::move(mail), *to->get(), came_back));
///
/// `came_back(caf::mailbox_element_ptr)` is called on the thread that finds it out: the receiver's, at its
/// end, before anybody hears of that; or this one, in `send_mail`. A mail counts as taken up once its content
/// has been looked at, which is what each actor begins with. Until then its sender isn't in it, so that CAF
/// doesn't answer a request in place of a receiver that has ended.
///
/// CAF 1.x has no mail that could be like this: there it is sent as it is.
#pragma once

#include "caf_adapter/compat.hpp"

#if TASKACTOR_CAF_0
#include <caf/local_actor.hpp>
#include <caf/type_erased_tuple.hpp>
#endif

#include <functional>
#include <memory>
#include <utility>

namespace taskactor::detail {

using mail_return = std::function<void(caf::mailbox_element_ptr)>;

#if TASKACTOR_CAF_0

inline constexpr bool mail_comes_back = true;

class returnable final : public caf::mailbox_element {
public:
  returnable(caf::mailbox_element_ptr what, mail_return to)
      : mailbox_element(nullptr, caf::make_message_id().with_category(what->mid.category()), {}),
        mail_(std::move(what)),
        return_(std::move(to)) {}
  returnable(const returnable&) = delete;
  returnable& operator=(const returnable&) = delete;
  ~returnable() override {
    if (taken_)
      return;
    try {
      return_(std::move(mail_));
    } catch (...) { // NOLINT: no memory to keep it
    }
  }

  caf::type_erased_tuple& content() override {
    take();
    return mail_->content();
  }
  const caf::type_erased_tuple& content() const override {
    const_cast<returnable*>(this)->take(); // NOLINT: whoever looks at it through a const one has it, too
    return std::as_const(*mail_).content();
  }
  caf::message move_content_to_message() override {
    take();
    return mail_->move_content_to_message();
  }
  caf::message copy_content_to_message() const override {
    const_cast<returnable*>(this)->take(); // NOLINT
    return mail_->copy_content_to_message();
  }

private:
  void take() {
    if (std::exchange(taken_, true))
      return;
    sender = std::move(mail_->sender);
    mid = mail_->mid;
    stages = std::move(mail_->stages);
  }

  caf::mailbox_element_ptr mail_;
  mail_return return_;
  bool taken_ = false;
};

/// Only actors with a mailbox have it looked at in this order: what hands it on elsewhere gets it as it is.
inline caf::mailbox_element_ptr returnable_mail(caf::mailbox_element_ptr mail, caf::abstract_actor& receiver,
                                                mail_return came_back) {
  if (mail->mid.is_response() || !dynamic_cast<caf::local_actor*>(&receiver))
    return mail;
  return caf::mailbox_element_ptr{new returnable{std::move(mail), std::move(came_back)}};
}

#else

inline constexpr bool mail_comes_back = false;

inline caf::mailbox_element_ptr returnable_mail(caf::mailbox_element_ptr mail, caf::abstract_actor&,
                                                mail_return) {
  return mail;
}

#endif

} // namespace taskactor::detail
