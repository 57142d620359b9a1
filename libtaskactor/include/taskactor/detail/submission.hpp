/// A body that is sent to the manager as a message, and what it replies with. Not for users: see
/// `messages.hpp`.
#pragma once

#include <taskactor/detail/admit.hpp>
#include <taskactor/detail/harmless.hpp>

#include <caf/error.hpp>
#include <caf/expected.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp> // with 0.17 it brings make_message, which 1.x has in message.hpp

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace taskactor {

namespace detail {

/// A body on its way to the manager, and then its handle.
class submission {
public:
  virtual ~submission() = default;
  /// Once. `admitted`: what was admitted or joined.
  virtual std::optional<rejection> admit(manager_core& where, ref<record>& admitted) = 0;
  /// What the ended task replies with.
  virtual caf::message reply() const = 0;
  /// Making that runs nobody's code.
  virtual bool replies_at_once() const noexcept = 0;
  virtual const failure* failed() const = 0;
  task_options options;
  bool joined = false; // the task was there already
};

/// A body may end with an error of its own: the asker gets that.
template <class T>
caf::message reply_of(const T& value) {
  return caf::make_message(value);
}
inline caf::message reply_of(const caf::error& error) {
  return error ? caf::make_message(error) : caf::make_message();
}
template <class T>
caf::message reply_of(const caf::expected<T>& value) {
  if (!value)
    return caf::make_message(value.error());
  if constexpr (std::is_void_v<T>)
    return caf::make_message();
  else
    return caf::make_message(*value);
}

template <class T, class Body>
class typed_submission final : public submission {
public:
  explicit typed_submission(ref<Body> body) : body_(std::move(body)) {}

  std::optional<rejection> admit(manager_core& where, ref<record>& admitted) override {
    if (!body_)
      return rejection{errc::invalid_argument, "a message that submits a body can be sent once"};
    auto made = handle<T>{body_};
    auto body = std::exchange(body_, {});
    ref<record> joined, same = body;
    auto refused = detail::admit(where, std::move(body), std::move(options), joined);
    auto got = handle_of(std::move(made), std::move(refused), joined);
    if (!got)
      return got.error();
    this->joined = static_cast<bool>(joined);
    admitted = joined ? std::move(joined) : std::move(same);
    handle_ = std::move(*got);
    return {};
  }
  caf::message reply() const override {
    if constexpr (std::is_void_v<T>)
      return caf::make_message();
    else
      return reply_of(**handle_->try_outcome());
  }
  bool replies_at_once() const noexcept override {
    return harmless<T>
           && (!std::is_trivially_destructible_v<T> || std::is_trivially_copyable_v<T> || std::is_void_v<T>);
  }
  const failure* failed() const override {
    const auto* how = handle_->try_outcome();
    return *how ? nullptr : &how->error();
  }

private:
  ref<Body> body_;
  std::optional<handle<T>> handle_;
};

template <class F, class... Args>
std::shared_ptr<submission> submit(task_options options, F&& body, Args&&... args) {
  using made = body_record<std::decay_t<F>, std::decay_t<Args>...>;
  auto result = std::make_shared<typed_submission<body_result<F, Args...>, made>>(
      make_body(std::forward<F>(body), std::forward<Args>(args)...));
  result->options = std::move(options);
  return result;
}

} // namespace detail

} // namespace taskactor
