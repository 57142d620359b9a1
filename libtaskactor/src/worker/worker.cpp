#include "worker/worker.hpp"

#include "events/hub.hpp"
#include "lifecycle/manager_core.hpp"
#include "worker/worker_pool.hpp"
#include "worker/worker_words.hpp"

#include <taskactor/error.hpp>
#include <taskactor/event.hpp>
#include <taskactor/remote_error.hpp>
#include <taskactor/task_library.hpp>

#include <csignal>
#include <functional>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

namespace taskactor::detail {

namespace {

command_spec worker_command(const std::weak_ptr<worker>& self, const settings& with) {
  command_spec spec;
  spec.argv = worker_words(with.workers.program, loaded_task_libraries());
  spec.options.env = std::vector<std::pair<std::string, std::string>>{
      {worker_variable, std::to_string(with.cancel_grace.count())}};
  spec.options.on_output = std::function<void(output_stream, std::string_view)>{
      [self](output_stream which, std::string_view bytes) {
        if (const auto alive = self.lock())
          alive->on_output(which, bytes);
      }};
  return spec;
}

void emit(manager_core& home, const worker_process& process, event_kind kind, std::string text) noexcept {
  if (!home.events().wants(kind))
    return;
  task_event what{.kind = kind, .id = process.name(), .at = home.now()};
  what.ran = process.age();
  what.text = std::move(text);
  home.events().emit(what);
}

// -- what a worker says -----------------------------------------------------

void report_progress(call_pipeline& calls, worker_progress& said) {
  const auto call = calls.running();
  if (call && call->request().number() == said.number) // else it came behind the call's own end
    call->task().report_progress(said.done, said.total, std::move(said.text));
}

bool relay(call_pipeline& calls, const worker_process& process, event_hub& events, const worker_log& said) {
  const auto call = calls.logged(said.number);
  const auto who = call ? call->task().current_id() : process.name();
  return events.relay(said.level, who + ": " + (said.logger.empty() ? "" : said.logger + ": ") + said.text);
}

bool begin_nested(call_pipeline& calls, const worker_ask& said) {
  const auto call = calls.running(said.maker);
  if (!call)
    return false;
  calls.ask_back(); // it waits, and these aren't to wait for it
  const bool sound = call->nested().begin(said.number, said.name, said.arguments, said.captures);
  calls.ask_back(); // what was sent ahead until its token was lent
  return sound;
}

bool signal_nested(call_pipeline& calls, const worker_signal& said) {
  const auto call = calls.running(said.maker);
  if (!call)
    return false;
  call->nested().signal_one(said.number, said.signal);
  return true;
}

std::exception_ptr why_refused(errc code, const std::string& text) {
  const char* const advice = code == errc::unknown_task
                                 ? " (a worker has the tasks that its own program registers, or loads)"
                                 : "";
  return std::make_exception_ptr(error{code, "refused by the worker: " + text + advice});
}

/// None: it is given back.
std::optional<call_outcome> outcome_of(worker_answer& said,
                                       const std::shared_ptr<const call_output>& output) {
  switch (said.kind) {
  case worker_frame::result:
    return call_outcome::completed(std::move(said.text));
  case worker_frame::failed:
    return call_outcome::failed(std::make_exception_ptr(remote_error{said.text, output}));
  case worker_frame::refused:
    return call_outcome::failed(why_refused(said.refusal, said.text));
  case worker_frame::cancelled:
    return call_outcome::cancelled();
  default:
    return {};
  }
}

// -- what becomes of a call -------------------------------------------------

void end_or_give_back(process_call& call, std::optional<call_outcome> outcome) noexcept {
  if (outcome)
    call.end(std::move(*outcome));
  else
    call.given_back();
}

/// Of `call`, or of its own.
void note(event_hub& events, const process_call* call, const worker_process& process,
          const std::vector<std::string>& lines) noexcept {
  try {
    for (const auto& line : lines)
      events.note((call ? call->task().current_id() : process.name()) + ": " + line);
  } catch (const std::exception&) { // no memory: lines are lost
  }
}

} // namespace

worker::worker(std::shared_ptr<worker_pool> pool, manager_core& home, command_server& commands,
               unsigned failures)
    : in_pool{failures},
      pool_(std::move(pool)),
      home_(home),
      process_(commands),
      pipeline_(process_, home.process_queue()) {}

void worker::start(const std::function<link_host&()>& links) {
  const auto& with = home_.with();
  if (with.workers.program.empty() && ::access("/proc/self/exe", F_OK) != 0)
    throw error{errc::worker_not_started,
                "without /proc this program can't be started once more: mount it, or name a "
                "program as manager_options::workers.program"};
  const auto self = shared_from_this();
  process_.start(worker_command(self, with), links(), self, self);
}

bool worker::give(const ref<process_call>& call) {
  const auto how = pipeline_.give(call);
  if (how == call_pipeline::given::dead) { // it could not be started: that is the call's end
    process_.signal(SIGKILL);
    end_if_over(std::unique_lock{mutex_});
  }
  return how != call_pipeline::given::refused;
}

void worker::signal(const process_call& call, int number) {
  if (auto removed = pipeline_.signal(call, number))
    finish(std::move(*removed), false, call_outcome::cancelled());
}

void worker::retire(std::string why) {
  const std::lock_guard lock{mutex_};
  end_.retired(std::move(why));
  process_.cut();
}

void worker::finish(removed_call gone, bool answered, std::optional<call_outcome> outcome) {
  auto& events = home_.events();
  note(events, gone.call.get(), process_, gone.last_lines);
  if (gone.over) // first: the call's end gives its token to the next
    pool_->release(shared_from_this(), answered, gone.call->request().spoils_worker());
  else if (answered)
    pool_->answered(*this, gone.at);
  if (gone.logged) // what it has said is in the log before its caller goes on
    events.after_logged(
        [of = gone.call, how = std::move(outcome)]() mutable { end_or_give_back(*of, std::move(how)); });
  else
    end_or_give_back(*gone.call, std::move(outcome));
  if (gone.leaves_room)
    pool_->fill_pipeline(*this);
  if (gone.next)
    gone.next->repeat_signal();
}

// -- what its process does --------------------------------------------------

void worker::on_start_failed(errc, std::string message) noexcept {
  std::unique_lock lock{mutex_};
  end_.start_failed(std::move(message));
  pipeline_.close();
  process_.cut();
  end_if_over(std::move(lock));
}

void worker::on_exit(command_result result) noexcept {
  std::unique_lock lock{mutex_};
  end_.exited(std::move(result));
  process_.set_reaped();
  pipeline_.close();
  process_
      .cut(); // what it has sent is read, though a process that it left behind may have the other end open
  end_if_over(std::move(lock));
}

void worker::on_closed(bool broken) noexcept {
  if (barrier_.keep_close(broken))
    return;
  std::unique_lock lock{mutex_};
  end_.closed(broken);
  const bool has_calls = pipeline_.close();
  if (!end_.has_exited() && (broken || has_calls))
    process_.signal(SIGKILL);
  end_if_over(std::move(lock));
}

void worker::end_if_over(std::unique_lock<std::mutex> lock) noexcept {
  if (!end_.is_over())
    return;
  auto [calls, output, last_words, greeted] = pipeline_.flush();
  const auto how = end_.how(greeted, !calls.empty());
  const auto why = end_.why(how, last_words);
  auto fault = calls.empty() ? nullptr : end_.error(how, why, std::move(output));
  lock.unlock();
  if (pool_->gone(*this, how, why))
    emit(home_, process_,
         how == worker_end::kind::retired ? event_kind::worker_ended : event_kind::worker_lost, why);
  while (calls.size() > 1) {
    calls.back()->given_back();
    calls.pop_back();
  }
  if (calls.empty() || (how == worker_end::kind::at_start && pool_->wait_again(calls.front())))
    return;
  calls.front()->end(call_outcome::lost(std::move(fault), // the last of it goes with who reads it
                                        how == worker_end::kind::lost));
}

void worker::break_off(const char* why) noexcept {
  const std::lock_guard lock{mutex_};
  end_.violated(why);
  process_.signal(SIGKILL);
}

// -- frames and output ------------------------------------------------------

void worker::on_frame(std::string_view content) noexcept {
  try {
    if (barrier_.keep(content))
      return;
  } catch (const std::exception&) { // no memory
    break_off("it sent more than could be kept");
    return;
  }
  take_frame(content);
}

void worker::take_frame(std::string_view content) noexcept {
  try {
    auto message = read_worker_message(content);
    const auto how = message ? handle(*message) : frame_verdict::broken;
    if (how == frame_verdict::broken) {
      break_off("it sent a frame that means nothing");
    } else if (how == frame_verdict::later) {
      barrier_.hold(content);
      process_.after_output([self = shared_from_this()] { self->output_drained(); });
    }
  } catch (const std::exception&) { // of another type than it should be, or there is no memory for it
    break_off("it sent a frame that can't be taken");
  }
}

frame_verdict worker::handle(worker_message& message) {
  const auto sound = [](bool is) { return is ? frame_verdict::taken : frame_verdict::broken; };
  if (auto* const answer = std::get_if<worker_answer>(&message)) {
    auto [how, gone] = pipeline_.remove_answered(answer->kind, answer->number, barrier_);
    if (gone) {
      auto outcome = outcome_of(*answer, gone->output);
      finish(std::move(*gone), answer->kind != worker_frame::returned, std::move(outcome));
    }
    return how;
  }
  if (const auto* const hello = std::get_if<worker_hello>(&message)) {
    if (!pipeline_.greet() || !hello->same_version)
      return frame_verdict::broken;
    emit(home_, process_, event_kind::worker_started, {});
    pool_->greeted(*this);
  } else if (const auto* const printed = std::get_if<worker_printed>(&message)) {
    barrier_.printed(printed->number);
  } else if (auto* const progress = std::get_if<worker_progress>(&message)) {
    report_progress(pipeline_, *progress);
  } else if (const auto* const log = std::get_if<worker_log>(&message)) {
    return sound(relay(pipeline_, process_, home_.events(), *log));
  } else if (const auto* const ask = std::get_if<worker_ask>(&message)) {
    return sound(begin_nested(pipeline_, *ask));
  } else {
    return sound(signal_nested(pipeline_, std::get<worker_signal>(message)));
  }
  return frame_verdict::taken;
}

void worker::output_drained() noexcept {
  barrier_.drained();
  while (const auto frame = barrier_.next()) {
    take_frame(*frame);
    if (barrier_.is_draining()) // there is more output to read: it goes on after that
      return;
  }
  if (const auto closed = barrier_.take_close())
    on_closed(*closed);
}

void worker::on_output(output_stream which, std::string_view bytes) noexcept {
  try {
    const auto [call, lines] = pipeline_.print(which, bytes);
    barrier_.end_reading();
    if (call) // then none is sent ahead, whose words could be taken for its own
      call->request().add_time(longer_than_short);
    note(home_.events(), call.get(), process_, lines);
  } catch (const std::exception&) { // no memory: lines are lost
  }
}

} // namespace taskactor::detail
