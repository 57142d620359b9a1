/// What a `caf::stateful_actor` keeps: a member of CAF 0.17's, a function of CAF 1's.
#pragma once

namespace test {

template <class Actor>
auto& state_of(Actor& self) {
  if constexpr (requires { self.state(); })
    return self.state();
  else
    return self.state;
}

} // namespace test
