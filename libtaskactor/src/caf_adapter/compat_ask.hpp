/// An actor asks another one, or hands on what it has been asked: in CAF 0.17 a call of the actor, in 1.x a
/// mail that is made first; 1.x warns of the former.
///
///     ask_actor(*self, to, 1s, question).then(...)     of a blocking actor: .receive(...)
///     return hand_on(*self, to, what)                  in a handler: `to` answers in its place
///
/// For tests and the benchmark: the library's own actors have neither.
#pragma once

#include "caf_adapter/compat.hpp"

#include <utility>

namespace taskactor::detail {

template <class Self, class To, class Timeout, class... Ts>
auto ask_actor(Self& self, const To& to, const Timeout& timeout, Ts&&... message) {
#if TASKACTOR_CAF_0
  return self.request(to, timeout, std::forward<Ts>(message)...);
#else
  return self.mail(std::forward<Ts>(message)...).request(to, timeout);
#endif
}

template <class Self, class To, class... Ts>
auto hand_on(Self& self, const To& to, Ts&&... message) {
#if TASKACTOR_CAF_0
  return self.delegate(to, std::forward<Ts>(message)...);
#else
  return self.mail(std::forward<Ts>(message)...).delegate(to);
#endif
}

} // namespace taskactor::detail
