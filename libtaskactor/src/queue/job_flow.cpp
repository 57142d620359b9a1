#include <taskactor/queue/job_flow.hpp>

#include "base/invalid.hpp"
#include "queue/store_core.hpp"

#include <taskactor/error.hpp>

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>

namespace taskactor {

namespace detail {

namespace {

std::uint64_t next_flow() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

std::string step_name(std::size_t number) { return "step " + std::to_string(number + 1); }

} // namespace

/// What was said of a flow.
class flow_form {
public:
  explicit flow_form(const store& in) : store_(in), flow_(next_flow()) {}

  std::vector<flow_place> add(const job_queue& to, const push_options& options,
                              const expected<const named_task*>& which,
                              const expected<std::vector<json>>& arguments, std::size_t at_least) {
    auto made = to.in() == store_
                    ? queue_front{to.in(), to.name()}.jobs(which, options, arguments)
                    : expected<std::vector<new_job>>{
                        invalid("the queue \"" + to.name() + "\" is one of another store than the flow")};
    if (!made) {
      wrong(made.error().code, step_name(jobs_.size()) + ": " + made.error().message);
      made = std::vector<new_job>(at_least); // so that the numbers are those that were asked for
    }
    std::vector<flow_place> places;
    places.reserve(made->size());
    for (auto& each : *made) {
      places.push_back({flow_, jobs_.size()});
      jobs_.push_back(std::move(each));
    }
    return places;
  }

  void add_edge(const flow_place& step, const flow_place& parent, on_failure wish) {
    for (const auto* const each : {&step, &parent})
      if (each->flow != flow_)
        return wrong(errc::invalid_argument, "after: a step of another flow, or of none");
    if (parent.number >= step.number)
      return wrong(errc::invalid_argument, "after: " + step_name(step.number) + " after "
                                               + step_name(parent.number)
                                               + ": a step runs after those that were added before it");
    auto& edges = jobs_[step.number].after;
    const auto before = step.number - parent.number;
    if (std::ranges::none_of(edges,
                             [&](const new_edge& each) { return each.parent == 0 && each.before == before; }))
      edges.push_back({.parent = 0, .before = before, .on_failure = wish});
  }

  store_call<pushed_flow> push() const {
    if (wrong_)
      return store_call<pushed_flow>{expected<pushed_flow>{*wrong_}};
    auto state = std::make_shared<call_state<std::vector<push_reply>>>();
    if (jobs_.empty())
      state->set(std::vector<push_reply>{});
    else
      core_of(store_)->push(
          jobs_, [state](expected<std::vector<push_reply>> replies) { state->set(std::move(replies)); });
    return made_call<pushed_flow>(std::move(state),
                                  [in = store_, flow = flow_](const std::vector<push_reply>& replies) {
                                    pushed_ids ids;
                                    ids.reserve(replies.size());
                                    for (const auto& each : replies)
                                      ids.push_back({each.id, each.how});
                                    return pushed_flow{in, flow, std::move(ids)};
                                  });
  }

private:
  /// The first is told.
  void wrong(errc code, const std::string& what) {
    if (!wrong_)
      wrong_ = rejection{code, what};
  }

  store store_;
  std::uint64_t flow_;
  std::vector<new_job> jobs_;
  std::optional<rejection> wrong_;
};

std::size_t place_in(const flow_place& step, std::uint64_t flow, std::size_t steps) {
  if (step.flow != flow || step.number >= steps)
    throw error{errc::invalid_argument, "a step of another flow than the one that was pushed"};
  return step.number;
}

} // namespace detail

std::vector<job<json>> pushed_flow::jobs() const {
  std::vector<taskactor::job<json>> all;
  all.reserve(ids_.size());
  for (const auto& each : ids_)
    all.push_back({store_, each.id});
  return all;
}

job_flow::job_flow(const store& in) : form_(std::make_unique<detail::flow_form>(in)) {}
job_flow::job_flow(job_flow&&) noexcept = default;
job_flow& job_flow::operator=(job_flow&&) noexcept = default;
job_flow::~job_flow() = default;

flow_step<json> job_flow::add_named(const job_queue& to, const push_options& options, std::string_view task,
                                    const json& arguments) {
  return {add_one(to, options, detail::registered_task(task, arguments), std::vector<json>{arguments})};
}

detail::flow_place job_flow::add_one(const job_queue& to, const push_options& options,
                                     const expected<const named_task*>& which,
                                     const expected<std::vector<json>>& arguments) {
  return form_->add(to, options, which, arguments, 1).front();
}

std::vector<detail::flow_place> job_flow::add_each(const job_queue& to, const push_options& options,
                                                   const expected<const named_task*>& which,
                                                   const expected<std::vector<json>>& arguments) {
  return form_->add(to, options, which, arguments, arguments ? arguments->size() : 0);
}

void job_flow::add_edge(const detail::flow_place& step, const detail::flow_place& parent,
                        taskactor::on_failure wish) {
  form_->add_edge(step, parent, wish);
}

store_call<pushed_flow> job_flow::push() const { return form_->push(); }

} // namespace taskactor
