#include "node/node_verb.hpp"

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "node/node_settings.hpp"

#include <CLI/CLI.hpp>
#include <taskactor/detail/visible_text.hpp>
#include <taskactor/node/node.hpp>
#include <taskactor/task_library.hpp>
#include <taskactor/task_manager.hpp>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <memory>
#include <mutex>
#include <semaphore>
#include <system_error>
#include <thread>

#include <unistd.h>

namespace taskactor::cli {

namespace {

constexpr const char* about
    = "Runs a node: it listens for others, joins them, and runs their calls of the tasks that it has loaded. "
      "TERM and INT make it leave: it takes no more calls, gives back those that haven't begun, and finishes "
      "the rest. `taskactor node cert --help`: certificates.";

/// Blocked before there is any thread, so that all come to who waits for them here.
sigset_t block_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int each : {SIGTERM, SIGINT, SIGHUP})
    ::sigaddset(&set, each);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

int wait_for(const sigset_t& signals) {
  int number = 0;
  ::sigwait(&signals, &number);
  return number;
}

/// The first of them asks the node to leave. Before it serves, and the next time, the program ends at once,
/// whatever it is stuck in: a library that is a FIFO, a name that nobody resolves, a reader who doesn't read.
class leave_signals {
public:
  leave_signals() {
    std::thread{[state = state_, signals = block_signals()] {
      const int first = wait_for(signals);
      if (!state->serves)
        ::_exit(128 + first);
      state->asked.release();
      ::_exit(128 + wait_for(signals)); // its calls are lost to the others
    }}.detach();
  }
  void wait() const {
    state_->serves = true;
    state_->asked.acquire();
  }

private:
  struct state {
    std::atomic<bool> serves{false};
    std::binary_semaphore asked{0};
  };
  const std::shared_ptr<state> state_ = std::make_shared<state>();
};

/// What a call's body logs is also told to who made the call.
class log_to_callers final : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit log_to_callers(node& which) : node_(&which) {}
  /// The node is about to end.
  void close() {
    const std::lock_guard lock{mutex_};
    node_ = nullptr;
  }

private:
  void sink_it_(const spdlog::details::log_msg& record) override {
    if (node_)
      node_->relay_log(record.level, {record.logger_name.data(), record.logger_name.size()},
                       {record.payload.data(), record.payload.size()});
  }
  void flush_() override {}

  node* node_;
};

int serve(const node_settings& settings) {
  const leave_signals signals;
  for (const auto& each : settings.libraries)
    load_tasks(each);
  task_manager tasks;
  const auto options = options_of(settings);
  node here{tasks, options};
  const auto told = std::make_shared<log_to_callers>(here);
  spdlog::default_logger()->sinks().push_back(told); // nobody logs yet
  for (const auto& each : settings.listen)
    std::cout << detail::visible(here.name()) << " listens at " << here.listen(each) << std::endl;
  for (const auto& each : settings.join) {
    const auto [address, name] = address_and_name(each);
    here.join(address, name);
  }
  if (settings.listen.empty() && settings.join.empty())
    throw bad_settings{"nothing to listen at, and nobody to join: --listen, --join"};
  signals.wait();
  const bool done = here.leave(options.drain);
  told->close();
  std::cout << detail::visible(here.name()) << (done ? " has left" : " has left, and calls are lost with it")
            << std::endl;
  if (!done)
    ::_exit(some_failed); // what can't be ended must not run while the program is taken down
  return all_completed;
}

struct node_line {
  node_line() { add_node_options(app, settings, file); }
  CLI::App app{about, "taskactor node"};
  node_settings settings;
  std::string file;
};

int say_of_node(const std::string& what, int code) {
  std::cerr << "taskactor node: " << detail::visible(what) << '\n';
  return code;
}

} // namespace

int run_node(std::vector<std::string> arguments) {
  try {
    node_line line;
    if (const auto answered = parse(line.app, std::move(arguments)))
      return *answered;
    if (!line.file.empty())
      fill_in(line.settings, read_node_file(line.file));
    return serve(line.settings);
  } catch (const bad_settings& error) {
    return say_of_node(error.what(), bad_usage);
  } catch (const std::system_error& error) {
    return say_of_node(detail::message_of(error), error.code() == errc::invalid_argument ? bad_usage
                                                  : error.code() == errc::library_not_loaded
                                                      ? input_unreadable
                                                      : some_failed);
  }
}

std::vector<option_entry> node_option_table() { return option_table(node_line{}.app); }

} // namespace taskactor::cli
