#include "programs/call.hpp"

#include "base/new_thread.hpp"
#include "events/log.hpp"
#include "programs/call_line.hpp"
#include "programs/ending_signals.hpp"
#include "programs/verbs.hpp"

#include <taskactor/detail/json_text.hpp>
#include <taskactor/detail/visible_text.hpp>
#include <taskactor/named_tasks.hpp>

#include <cerrno>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <unistd.h>

namespace taskactor::detail {

namespace {

using namespace std::chrono_literals;

class call {
public:
  call(const std::string& program, const call_line& line, const named_program_options& with)
      : program_(program), line_(line), arguments_(parse_arguments(line.arguments)), tasks_(settings(with)) {
    if (with.prepare)
      with.prepare(tasks_);
  }

  int run() {
    const auto begun = tasks_.add_task({.id = line_.name, .timeout = line_.timeout, .where = line_.where},
                                       line_.name, arguments_);
    if (!begun)
      return refused(begun.error());
    const int signal = wait_for(*begun);
    signals_.reset(); // nothing is left to be ended: who waits in vain for a reader can be
    const int code = report(*begun->try_outcome(), signal);
    if (!tasks_.shutdown({.drain = 0s, .cancel = 0s, .kill = 2s}).clean()) {
      std::cout.flush();
      ::_exit(code); // a thread that can't be ended must not run while the program is taken down
    }
    return code;
  }

private:
  manager_options settings(const named_program_options& with) const {
    auto result = with.manager;
    if (!result.logger)
      result.logger = make_program_log(program_);
    return result;
  }

  void say(const std::string& text) const { std::cerr << program_ << ": " << text << '\n'; }

  /// While there is something to be ended: standard error may have a reader who has stopped reading. Not by
  /// the stream, which would be locked at the program's end.
  void say_aside(const std::string& text) const {
    std::thread{[line = program_ + ": " + text + '\n'] {
      static_cast<void>(::write(STDERR_FILENO, line.data(), line.size()));
    }}.detach();
  }

  int refused(const rejection& why) const {
    if (why.code == errc::unknown_task)
      throw usage_error{why.message + "; `" + program_ + " list` names all there are"};
    if (why.code == errc::bad_arguments || why.code == errc::invalid_argument)
      throw usage_error{why.message};
    say(why.message);
    return failed;
  }

  /// The first signal that came; zero: none.
  int wait_for(const handle<json>& task) {
    const auto watch = new_thread<std::jthread>("the end of a call", [this, task] {
      task.wait();
      signals_->end();
    });
    const int first = signals_->wait();
    if (first == 0)
      return 0;
    task.cancel();
    say_aside("cancelling " + line_.name + " (again: kill)");
    if (signals_->wait() != 0)
      tasks_.shutdown({.drain = 0s, .cancel = 0s, .kill = 2s});
    return first;
  }

  int report(const outcome<json>& how, int signal) const {
    if (how)
      return print(*how);
    say(line_.name + ": " + visible(how.error().message()));
    switch (how.error().state()) {
    case state::timed_out:
      return timed_out;
    case state::cancelled:
      return signal == 0 ? failed : by_signal + signal;
    default:
      return failed;
    }
  }

  int print(const json& result) const {
    try {
      errno = 0;
      std::cout << json_text(result) << '\n' << std::flush;
    } catch (const std::invalid_argument& error) {
      say(line_.name + ": its result has no JSON form: " + error.what());
      return output_unwritable;
    }
    if (std::cout)
      return completed;
    say("standard output can't be written: " + std::generic_category().message(errno));
    return output_unwritable;
  }

  const std::string& program_;
  const call_line& line_;
  const json arguments_;
  std::optional<ending_signals> signals_{std::in_place}; // before the manager has threads
  task_manager tasks_;
};

} // namespace

int run_call(const std::string& program, const call_line& what, const named_program_options& with) {
  return call{program, what, with}.run();
}

} // namespace taskactor::detail
