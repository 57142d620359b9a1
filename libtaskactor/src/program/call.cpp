#include "call.hpp"

#include "../observe/log.hpp"
#include "call_line.hpp"
#include "ending_signals.hpp"
#include "verbs.hpp"

#include <taskactor/named_tasks.hpp>

#include <iostream>
#include <thread>

#include <unistd.h>

namespace taskactor::detail {

namespace {

using namespace std::chrono_literals;

/// Bytes as the array of numbers that they are taken from.
json printable(const json& value) {
  if (value.is_binary())
    return std::vector<std::uint8_t>{value.get_binary()};
  if (!value.is_structured())
    return value;
  auto result = value.is_array() ? json::array() : json::object();
  for (const auto& [key, part] : value.items())
    if (value.is_array())
      result.push_back(printable(part));
    else
      result[key] = printable(part);
  return result;
}

class call {
public:
  call(const std::string& program, const call_line& line, const named_program_options& with)
      : program_(program),
        line_(line),
        arguments_(parse_arguments(line.arguments)),
        logs_itself_(!with.manager.logger),
        tasks_(settings(with)) {
    if (with.prepare)
      with.prepare(tasks_);
  }

  int run() {
    const auto begun = tasks_.add_task({.id = line_.name, .timeout = line_.timeout, .runner = line_.runner},
                                       line_.name, arguments_);
    if (!begun)
      return refused(begun.error());
    const int signal = wait_for(*begun);
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
    if (logs_itself_)
      result.logger = make_program_log(program_);
    return result;
  }

  void say(const std::string& text) const { std::cerr << program_ << ": " << text << '\n'; }

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
    const std::jthread watch{[this, task] {
      task.wait();
      signals_.end();
    }};
    const int first = signals_.wait();
    if (first == 0)
      return 0;
    say("cancelling " + line_.name + " (again: kill)");
    task.cancel();
    if (signals_.wait() != 0)
      tasks_.shutdown({.drain = 0s, .cancel = 0s, .kill = 2s});
    return first;
  }

  int report(const outcome<json>& how, int signal) const {
    if (how)
      return print(*how);
    if (!logs_itself_) // else the log has said it
      say(line_.name + ": " + how.error().message());
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
      std::cout << printable(result).dump() << '\n' << std::flush;
    } catch (const json::exception& error) {
      say(line_.name + ": its result has no JSON form: " + plain_text(error));
      return output_unwritable;
    }
    if (std::cout)
      return completed;
    say("standard output can't be written");
    return output_unwritable;
  }

  const std::string& program_;
  const call_line& line_;
  const json arguments_;
  const bool logs_itself_;
  ending_signals signals_; // before the manager has threads
  task_manager tasks_;
};

} // namespace

int run_call(const std::string& program, const call_line& what, const named_program_options& with) {
  return call{program, what, with}.run();
}

} // namespace taskactor::detail
