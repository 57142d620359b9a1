/// How a manager's limiters are added, found and changed while it runs.
///
/// What is published and what a limiter's actor is told come in one order. Threads: any. Errors:
/// `std::system_error` with `errc::invalid_argument`, and nothing is changed.
#pragma once

#include <taskactor/expected.hpp>
#include <taskactor/fwd.hpp>
#include <taskactor/limits.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::detail {

class manager_core;
class named_limiter;
struct limit_need;

/// What is meant by names of limiters, in the order in which all tasks take them; or what is wrong with them.
std::optional<rejection> find_needs(manager_core& home, const std::vector<limit>& limits,
                                    std::vector<limit_need>& into);
/// The name may be taken.
void add_limiter(manager_core& home, std::string name, const limiter_options& options);
/// The name may not be there.
named_limiter& limiter_of(manager_core& home, std::string_view name);
void change(manager_core& home, named_limiter& which, const limiter_options& to);
/// One of those that every manager has.
void resize(manager_core& home, limiter_kind which, std::size_t capacity);

} // namespace taskactor::detail
