/// Empties a string or a container, and gives its memory back. An empty one that is assigned, `x = {}` or
/// `x = std::string{}`, leaves it what it has: in the C++ library of GNU, for what is written there next.
#pragma once

namespace taskactor::detail {

template <class Container>
void free_memory(Container& what) noexcept {
  Container{}.swap(what);
}

} // namespace taskactor::detail
