#include "node/inbound_task.hpp"

#include "base/free_memory.hpp"
#include "lifecycle/manager_core.hpp"
#include "transport/frame.hpp"

#include <taskactor/detail/admit.hpp>

#include <utility>

namespace taskactor::detail {

namespace {

/// Runs a call, and makes bytes of what it gives, on its own thread.
task<std::string> serve(std::function<task<json>()> body, std::size_t largest) {
  const json value = co_await body();
  auto bytes = to_bytes(value);
  if (!is_shallow(bytes))
    throw std::length_error{"the result can't be sent: more than " + std::to_string(frame_depth)
                            + " levels, or a CBOR tag"};
  if (bytes.size() > largest)
    throw std::length_error{"the result can't be sent: " + std::to_string(bytes.size())
                            + " bytes of CBOR; the limit is " + std::to_string(largest)};
  co_return bytes;
}

inbound_result refused_for(refusal why, std::string text) {
  return {.how = inbound_result::kind::refused, .text = std::move(text), .why = why};
}

} // namespace

inbound_task::inbound_task(std::shared_ptr<inbound_tasks> tasks, inbound_call call)
    : end_listener([](end_listener& self) noexcept { static_cast<inbound_task&>(self).on_end(); }),
      tasks_(std::move(tasks)),
      call_(std::move(call)) {}

void inbound_task::begin() noexcept {
  std::optional<inbound_result> wrong;
  try {
    wrong = admit();
  } catch (...) { // no memory
    wrong = refused_for(refusal::not_possible, describe(std::current_exception()));
  }
  if (wrong) {
    tasks_->over(call_.id,
                 std::move(*wrong)); // NOLINT(clang-analyzer-cplusplus.NewDelete): the caller has it
    return;
  }
  admitted_.store(true);
  if (unwanted_.load())
    stop();
}

/// Empty: it is going to end.
std::optional<inbound_result> inbound_task::admit() {
  if (auto own = tasks_->run_own(call_.what.name, call_.what.arguments))
    return own;
  const auto found = registry::global().look_up(call_.what.name);
  if (!found)
    return refused_for(refusal::unknown_task, found.error().message);
  return admit_task(**found);
}

std::optional<inbound_result> inbound_task::admit_task(const named_task& which) {
  // The submitter's clock decides; the function's own one holds as well.
  auto plan = plan_named({.id = call_.node + ':' + call_.what.id + ':' + std::to_string(call_.id),
                          .timeout = which.options().timeout.value_or(no_timeout),
                          .total_timeout = call_.what.remaining},
                         which);
  which_ = &which;
  where_ = plan.where;
  const ref<inbound_task> self{this};
  handle_.emplace(self);
  add(*this);
  ref<record> joined;
  const auto rejected = detail::admit(tasks_->home(), self, std::move(plan.options), joined);
  if (!rejected)
    return {};
  remove(*this);
  if (rejected->code == errc::stopping)
    return inbound_result{.how = inbound_result::kind::returned};
  return refused_for(rejected->code == errc::queue_full ? refusal::queue_full : refusal::not_possible,
                     rejected->message);
}

void inbound_task::stop() noexcept {
  unwanted_.store(true);
  if (admitted_.load())
    cancel(*this);
}

void inbound_task::hand_back() noexcept {
  auto expected = begin_state::waiting;
  if (begin_state_.compare_exchange_strong(expected, begin_state::handed_back))
    stop();
}

// -- the body ---------------------------------------------------------------

bool inbound_task::start(context& where) {
  auto expected = begin_state::waiting;
  if (!begin_state_.compare_exchange_strong(expected, begin_state::begun)
      && expected == begin_state::handed_back) {
    conclude([]() -> std::string { throw cancelled_error{}; });
    return false;
  }
  try {
    if (!body_ && (wrong_ = bind())) {
      begin_state_.store(begin_state::refused, std::memory_order_release);
      forbid_retry();
      conclude([]() -> std::string { throw cancelled_error{}; });
      return false;
    }
    tasks_->begun(call_.id);
    root_ = serve(body_, tasks_->largest());
    root_.enter_root(where);
    return true;
  } catch (...) { // no frame: out of memory
    conclude_exception();
    return false;
  }
}

/// The first time that it begins. What is wrong with its arguments, or else nothing.
std::optional<inbound_result> inbound_task::bind() {
  try {
    const auto arguments = from_bytes(call_.what.arguments);
    free_memory(call_.what.arguments); // the history has this record for long
    if (!arguments.is_array())
      return refused_for(refusal::bad_arguments, "arguments: expected an array");
    body_ = bind_named(*which_, arguments, where_);
    return {};
  } catch (const decode_fault& fault) {
    return refused_for(refusal::bad_arguments,
                       "arguments: expected " + fault.expected + ", got " + fault.got);
  } catch (const argument_error& error) {
    return refused_for(refusal::bad_arguments, message_of(error));
  } catch (...) { // no memory, an option that can't be used here, or a conversion's own error
    return refused_for(refusal::not_possible, describe(std::current_exception()));
  }
}

void inbound_task::collect() noexcept {
  conclude([this] { return root_.take(); });
}

std::exception_ptr inbound_task::discard_body() noexcept {
  auto thrown = destroy_chain(root_.release());
  if (!spare_)
    drop_spare();
  return thrown;
}

void inbound_task::drop_spare() noexcept {
  spare_ = false;
  body_ = nullptr;
  free_memory(call_.what.arguments); // of one that never began
}

void inbound_task::report_progress(std::uint64_t done, std::uint64_t total, std::string text) {
  tasks_->progressed(call_.id, done, total, text);
  record::report_progress(done, total, std::move(text));
}

// -- the end ----------------------------------------------------------------

void inbound_task::on_end() noexcept {
  mark_observed();
  tasks_->over(call_.id, how_it_ended());
}

inbound_result inbound_task::how_it_ended() {
  if (begin_state_.load(std::memory_order_acquire) == begin_state::refused)
    return std::move(*wrong_);
  auto& end = result();
  if (end)
    return {.how = inbound_result::kind::result, .text = std::move(*end)};
  const auto& failure = end.error();
  if (begin_state_.load() == begin_state::handed_back)
    return {.how = inbound_result::kind::returned};
  if (failure.state() == taskactor::state::cancelled)
    return {.how = inbound_result::kind::cancelled, .text = failure.message()};
  if (failure.state() == taskactor::state::timed_out)
    return {.how = inbound_result::kind::timed_out,
            .text = failure.message(),
            .whose = failure.reason() == end_reason::total_timeout && call_.what.remaining
                         ? time_limit::remaining
                         : time_limit::own};
  return {.how = inbound_result::kind::failed, .text = thrown_text()};
}

/// What the body has thrown, in words that were kept when it did: this is the manager's thread.
std::string inbound_task::thrown_text() const {
  constexpr std::string_view state = "failed: ";
  auto text = error_text_for_listener();
  return text.starts_with(state) ? text.substr(state.size()) : text;
}

} // namespace taskactor::detail
