/// What a call in a worker (`process_call`) asks of those who run it. The pool of workers and a worker are
/// these; a call knows neither.
#pragma once

#include <taskactor/detail/ref.hpp>

#include <string>

namespace taskactor::detail {

class process_call;

/// The worker that has a call. Threads: any.
class call_executor {
public:
  virtual ~call_executor() = default;
  /// Asks for the end of this call's body; nothing, when the call has ended.
  virtual void stop(const process_call& call) = 0;
  /// To the process's group, while it runs this call. A call behind another just ends: its turn never comes.
  virtual void signal(const process_call& call, int number) = 0;
  /// A frame of the call that runs, for its body.
  virtual void tell(std::string frame) = 0;
};

/// Who finds a worker for a call. Threads: any.
class worker_dispatcher {
public:
  /// For a call that has a token: gives it to a worker, or lets it wait for one and tells it of its token
  /// once more. Errors: `std::system_error` with `errc::worker_not_started`.
  virtual void dispatch(const ref<process_call>& call) = 0;
  /// False: it doesn't wait for a worker, or has just been told.
  virtual bool forget(const process_call& call) noexcept = 0;
  virtual void count_run_again() = 0;

protected:
  ~worker_dispatcher() = default;
};

} // namespace taskactor::detail
