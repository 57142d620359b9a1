#include "base/type_name.hpp"

#include <taskactor/detail/local_binding.hpp>
#include <taskactor/error.hpp>

#include <vector>

namespace taskactor::detail {

/// A key that is set again is left out behind: a task that starts the next one in its scope, and so on, would
/// make the list longer for ever. So it is no longer than there are `task_local`s.
ref<local_binding> local_binding::bind(const void* key, ref<local_value> value, const local_binding* outer) {
  ref<local_binding> rest{const_cast<local_binding*>(outer)}; // NOLINT: only its count changes
  if (outer && outer->find(key)) {
    std::vector<const local_binding*> before;
    const auto* at = outer;
    for (; at->key_ != key; at = at->outer_.get())
      before.push_back(at);
    rest = at->outer_;
    for (; !before.empty(); before.pop_back())
      rest = ref<local_binding>{
          new local_binding{before.back()->key_, before.back()->value_, std::move(rest)}};
  }
  return ref<local_binding>{new local_binding{key, std::move(value), std::move(rest)}};
}

void refuse_unset_local(const std::type_info& type) {
  throw error{errc::not_set, "a task_local of type " + type_name(type)
                                 + " isn't set here: set it by scope(value, body) around what asks for it, "
                                   "or ask by try_get"};
}

} // namespace taskactor::detail
