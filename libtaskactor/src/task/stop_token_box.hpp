/// What a task gives its stop token into: see `task_core::give`.
#pragma once

#include <stop_token>

namespace taskactor::detail {

struct stop_token_box {
  std::stop_token token;
};

} // namespace taskactor::detail
