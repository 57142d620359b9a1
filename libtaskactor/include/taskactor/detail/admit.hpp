/// The way into the manager, for the templates of the front door. Not for users.
#pragma once

#include <taskactor/detail/body.hpp>
#include <taskactor/detail/record.hpp>
#include <taskactor/fwd.hpp>
#include <taskactor/handle.hpp>

#include <optional>
#include <utility>

namespace taskactor::detail {

/// What a front door leads to, for the siblings of the layers behind it.
manager_core& core_of(task_manager& manager) noexcept;

/// Rule 1: decides at once, in the caller's thread. Empty: admitted, unless `joined` is set: then that one is
/// there already, and has got one handle more.
std::optional<rejection> admit(manager_core& where, ref<record> what, task_options&& options,
                               ref<record>& joined);

/// What `task_options::where` asks for, of a body that can't.
rejection not_on_a_thread();
rejection not_in_a_process();

/// The handle of what was admitted or joined.
template <class T>
expected<handle<T>> handle_of(handle<T> made, std::optional<rejection> refused, const ref<record>& joined) {
  if (refused)
    return std::move(*refused);
  if (!joined)
    return made;
  auto* same = dynamic_cast<outcome_record<T>*>(joined.get());
  if (same)
    made = handle<T>{ref<outcome_record<T>>{same}};
  joined->drop_handle(); // the one that admission has added
  if (!same)
    return rejection{errc::duplicate_id, "duplicate id: " + joined->id + ", whose result has another type"};
  return made;
}

/// A body with its arguments (`make_body`), of result `T`.
template <class T, class Record>
expected<handle<T>> admit_body(manager_core& where, ref<Record> body, task_options&& options) {
  handle<T> made{body}; // first: a task that ends without one forgets its outcome
  ref<record> joined;
  auto refused = admit(where, std::move(body), std::move(options), joined);
  return handle_of(std::move(made), std::move(refused), joined);
}

/// What `make_body` makes of these.
template <class F, class... Args>
expected<handle<body_result<F, Args...>>> make_and_admit(manager_core& where, task_options&& options,
                                                         F&& body, Args&&... args) {
  return admit_body<body_result<F, Args...>>(
      where, make_body(std::forward<F>(body), std::forward<Args>(args)...), std::move(options));
}

} // namespace taskactor::detail
