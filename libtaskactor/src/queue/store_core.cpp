#include "queue/store_core.hpp"

#include "queue/schedule_rows.hpp"
#include "queue/store_engine.hpp"
#include "queue/store_request.hpp"
#include "queue/store_thread.hpp"

#include <taskactor/error.hpp>

#include <utility>

namespace taskactor::detail {

namespace {

std::shared_ptr<store_engine> engine_for(std::unique_ptr<store_backend> backend, const store_options& options,
                                         const std::string& file) {
  if (file.empty())
    return std::make_shared<store_in_memory>(std::move(backend));
  return store_thread::start(std::move(backend), options, file);
}

template <class Reply, class Call>
std::shared_ptr<store_request> one_call(store_verb verb, Call&& call, told<Reply> tell,
                                        typename single_request<Reply>::news news = {},
                                        typename single_request<Reply>::late late = {}) {
  return std::make_shared<single_request<Reply>>(verb, std::forward<Call>(call), std::move(tell),
                                                 std::move(news), std::move(late));
}

/// What was claimed and never came to its runner.
std::vector<job_end> releases(const claim_reply& made) {
  std::vector<job_end> all;
  for (const auto& each : made.jobs) {
    job_end end{.id = each.id, .token = each.token, .how = claim_end::released};
    end.begun = false;
    all.push_back(std::move(end));
  }
  return all;
}

} // namespace

store_core::store_core(std::unique_ptr<store_backend> backend, store_options options, std::string file)
    : options_(options), file_(std::move(file)), engine_(engine_for(std::move(backend), options_, file_)) {}

store_core::store_core(store_options options, std::string file, std::shared_ptr<store_engine> engine)
    : closes_(false), options_(options), file_(std::move(file)), engine_(std::move(engine)) {}

store_core::~store_core() {
  if (closes_)
    engine_->close();
}

std::shared_ptr<store_core> store_core::for_calls() const {
  return std::shared_ptr<store_core>{new store_core{options_, file_, engine_}};
}

schedule_rows schedules_of(const store_core& which) { return schedule_rows{which.engine_}; }

void store_core::push(std::vector<new_job> jobs, told<std::vector<push_reply>> tell) {
  engine_->post(std::make_shared<push_request>(std::move(jobs), std::move(tell)));
}

void store_core::claim(claim_request what, told<claim_reply> tell) {
  const auto give_back = [to = std::weak_ptr{engine_}, runner = what.runner](const claim_reply& made) {
    if (const auto engine = to.lock(); engine && !made.jobs.empty())
      engine->post(std::make_shared<finish_request>(runner, releases(made),
                                                    [](const expected<std::vector<end_reply>>&) {}));
  };
  engine_->post(one_call<claim_reply>(
      store_verb::claim,
      [request = std::make_shared<claim_request>(std::move(what))](store_backend& at) {
        return at.claim(*request);
      },
      std::move(tell),
      [](const claim_reply& made, store_news& news) {
        if (made.expired != 0)
          news.changed = news.some_ended = true;
      },
      give_back));
}

void store_core::finish(runner_key runner, std::vector<job_end> ends, told<std::vector<end_reply>> tell) {
  engine_->post(std::make_shared<finish_request>(std::move(runner), std::move(ends), std::move(tell)));
}

void store_core::renew(runner_beat beat, told<beat_reply> tell) {
  const bool leaves = beat.leaves;
  engine_->post(one_call<beat_reply>(
      store_verb::renew,
      [request = std::make_shared<runner_beat>(std::move(beat))](store_backend& at) {
        return at.renew(*request);
      },
      std::move(tell),
      [leaves](const beat_reply&, store_news& news) { news.changed = news.some_ended = leaves; }));
}

void store_core::promote(std::size_t most, told<promote_reply> tell) {
  engine_->post(one_call<promote_reply>(
      store_verb::other, [most](store_backend& at) { return at.promote(most); }, std::move(tell),
      [](const promote_reply& made, store_news& news) {
        news.changed = made.promoted != 0 || made.expired != 0;
        news.some_ended = made.expired != 0;
      }));
}

void store_core::rescue(std::vector<lost_runner> lost, told<rescue_reply> tell) {
  engine_->post(one_call<rescue_reply>(
      store_verb::other, [all = std::move(lost)](store_backend& at) { return at.rescue(all); },
      std::move(tell),
      [](const rescue_reply& made, store_news& news) {
        news.changed = made.runners != 0;
        news.some_ended = made.runners != 0; // as quarantined, or since they had been asked to end
      }));
}

void store_core::prune(std::size_t most, told<std::size_t> tell) {
  engine_->post(one_call<std::size_t>(
      store_verb::other, [most](store_backend& at) { return at.prune(most); }, std::move(tell)));
}

void store_core::control(std::vector<control_action> actions, told<std::vector<control_reply>> tell) {
  engine_->post(std::make_shared<control_request>(std::move(actions), std::move(tell)));
}

void store_core::list(job_query which, told<std::vector<job_info>> tell) {
  engine_->post(one_call<std::vector<job_info>>(
      store_verb::list, [query = std::move(which)](store_backend& at) { return at.list(query); },
      std::move(tell)));
}

void store_core::find(std::vector<job_id> which, told<std::vector<job_details>> tell) {
  engine_->post(std::make_shared<find_request>(std::move(which), std::move(tell)));
}

void store_core::survey(told<store_survey> tell) {
  engine_->post(one_call<store_survey>(
      store_verb::other, [](store_backend& at) { return at.survey(); }, std::move(tell)));
}

void store_core::runners(told<std::vector<runner_row>> tell) {
  engine_->post(one_call<std::vector<runner_row>>(
      store_verb::other, [](store_backend& at) { return at.runners(); }, std::move(tell)));
}

void store_core::backup(std::string file, told<std::string> tell) {
  engine_->post(one_call<std::string>(
      store_verb::aside,
      [into = std::move(file)](store_backend& at) {
        at.backup(into);
        return into;
      },
      std::move(tell)));
}

void store_core::restored(told<std::size_t> tell) {
  engine_->post(one_call<std::size_t>(
      store_verb::other, [](store_backend& at) { return at.restored(); }, std::move(tell),
      [](std::size_t, store_news& news) { news.changed = true; }));
}

void store_core::check(told<std::vector<std::string>> tell) {
  engine_->post(one_call<std::vector<std::string>>(
      store_verb::aside, [](store_backend& at) { return at.check(); }, std::move(tell)));
}

std::shared_ptr<void> store_core::watch(std::function<void()> changed) {
  return engine_->watchers().add(std::move(changed));
}

std::shared_ptr<void> store_core::wait_for_end(job_id which, told<job_ended> tell) {
  return end_waits::add(engine_, which, std::move(tell));
}

std::optional<rejection> too_large(const store_core& store, const std::string& what, std::size_t bytes) {
  if (bytes <= store.options().max_payload)
    return {};
  return rejection{errc::payload_too_large,
                   what + ": " + std::to_string(bytes) + " bytes; the store takes at most "
                       + std::to_string(store.options().max_payload) + " (store_options::max_payload)"};
}

} // namespace taskactor::detail
