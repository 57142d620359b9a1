/// `told<T>`: who is told what a call of a store has come to: once, on the store's thread or the caller's. It
/// must not throw, nor run code of the user's, nor block, but for want of memory (`once_there_is_memory`).
#pragma once

#include <taskactor/expected.hpp>

#include <functional>

namespace taskactor::detail {

template <class T>
using told = std::function<void(expected<T>)>;

} // namespace taskactor::detail
