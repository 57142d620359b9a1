/// One worker: a child process that runs a call at a time, from its start to its end.
///
///     starting --give--> busy --answer--> idle --give--> busy ...          retire: idle --> ending --> gone
///         \------- the process ends -------/   the call on its way is lost
///
/// Its parts: the process with its link (`worker_process`), the calls that it has (`call_pipeline`), what is
/// known of its end (`worker_end`), and the order of its answers and its output (`output_barrier`). Here is
/// what joins them: frames and the process's end come in, and calls end by that.
///
/// It is gone when its process is reaped and the last frame is read, whichever comes later: an answer that
/// was sent before the end is delivered. Threads: any; frames come on the links' thread, the rest of what a
/// process does on the commands' thread.
#pragma once

#include "command/command_listener.hpp"
#include "transport/link.hpp"
#include "worker/call_pipeline.hpp"
#include "worker/output_barrier.hpp"
#include "worker/pool_entry.hpp"
#include "worker/worker_dispatcher.hpp"
#include "worker/worker_end.hpp"
#include "worker/worker_message.hpp"
#include "worker/worker_process.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace taskactor::detail {

class manager_core;
class worker_pool;

class worker final : public call_executor,
                     public command_listener,
                     public link_listener,
                     public std::enable_shared_from_this<worker> {
public:
  /// `failures`: as many starts before it have failed, one after the other.
  worker(std::shared_ptr<worker_pool> pool, manager_core& home, command_server& commands, unsigned failures);
  /// Starts the process. `links`: makes what serves its link. Errors: `std::system_error`.
  void start(const std::function<link_host&()>& links);
  /// Only to one that is free. False: it has died meanwhile, and never sees the call.
  bool give(const ref<process_call>& call);
  /// Ends an idle one: it sees the end of the link, and exits.
  void retire(std::string why);
  call_pipeline& pipeline() noexcept { return pipeline_; }
  const worker_process& process() const noexcept { return process_; }
  pool_entry in_pool;

  void stop(const process_call& call) override { pipeline_.stop(call); }
  void signal(const process_call& call, int number) override;
  void tell(std::string frame) override { process_.send(std::move(frame)); }

  void on_started(pid_t id) noexcept override { process_.set_started(id); }
  void on_start_failed(errc code, std::string message) noexcept override;
  void on_exit(command_result result) noexcept override;
  void on_readable() noexcept override { barrier_.begin_reading(); }
  void on_output(output_stream which, std::string_view bytes) noexcept;
  void on_frame(std::string_view content) noexcept override;
  void on_closed(bool broken) noexcept override;

private:
  void take_frame(std::string_view content) noexcept;
  frame_verdict handle(worker_message& message);
  void output_drained() noexcept;
  void finish(removed_call gone, bool answered, std::optional<call_outcome> outcome);
  void break_off(const char* why) noexcept;
  void end_if_over(std::unique_lock<std::mutex> lock) noexcept;

  const std::shared_ptr<worker_pool> pool_;
  manager_core& home_;
  worker_process process_;
  call_pipeline pipeline_;
  output_barrier barrier_;
  std::mutex mutex_; // of the next
  worker_end end_;
};

} // namespace taskactor::detail
