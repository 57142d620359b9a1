/// The body that several works run: it answers what it was given.
#pragma once

#include <taskactor/taskactor.hpp>

#include <cstddef>

namespace bench {

inline taskactor::task<std::size_t> same(std::size_t number) { co_return number; }

} // namespace bench
