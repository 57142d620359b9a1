/// `task_words`: what few tasks have to say: how far they are, why they have failed, and their stop token;
/// and what few have inherited.
///
/// Threads: any, under the record's striped lock; made when there is something to say.
#pragma once

#include "base/free_memory.hpp"

#include <taskactor/detail/local_binding.hpp>
#include <taskactor/detail/ref.hpp>
#include <taskactor/task_info.hpp>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace taskactor::detail {

class event_hub;

class task_words {
public:
  taskactor::progress progress;
  std::string error;
  std::optional<std::stop_source> stop; // once its token has been asked for
  /// Not under the lock: constant from before admission until the task is gone.
  ref<local_binding> locals;
  std::shared_ptr<event_hub> hub; // of what has failed or was late: its last handle may outlive its manager

  /// The body is another one now.
  void forget_body() {
    free_memory(progress.text);
    progress = {};
    stop.reset();
  }
};

} // namespace taskactor::detail
