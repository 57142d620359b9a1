/// How a thread waits in virtual time: by running the system itself, and looking whether it is done.
#pragma once

#include <taskactor/detail/context.hpp>

#include <condition_variable>
#include <functional>
#include <mutex>

namespace taskactor::detail {

using wait_strategy = std::function<void(std::unique_lock<std::mutex>&, std::condition_variable&,
                                         const std::function<bool()>& done, time_point until)>;

} // namespace taskactor::detail
