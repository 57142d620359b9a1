#include <taskactor/queue/store.hpp>

#include "base/invalid.hpp"
#include "base/memory.hpp"
#include "lifecycle/attached_members.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_core.hpp"
#include "queue/open_store.hpp"
#include "queue/store_core.hpp"
#include "queue/store_text.hpp"
#include "threads/waits.hpp"

#include <taskactor/detail/duration_text.hpp>
#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>
#include <taskactor/task_manager.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace taskactor {

namespace detail {

const std::shared_ptr<store_core>& core_of(const store& which) noexcept { return which.core_; }

namespace {

/// A manager's time as a store's: it stands when the manager has ended. In virtual time it is what the clock
/// on the wall shows, which a test may set.
class manager_clock final : public attached_member {
public:
  explicit manager_clock(manager_core& home)
      : home_(&home),
        began_(home.now()),
        base_(std::chrono::floor<store_duration>(wall_now(home.decides()))),
        last_(base_) {}

  store_time now() {
    const std::lock_guard lock{mutex_};
    if (home_ && home_->decides())
      last_ = std::chrono::floor<store_duration>(wall_now(home_->decides()));
    else if (home_)
      last_ = base_ + std::chrono::floor<store_duration>(home_->now() - began_);
    return last_;
  }
  void stop() noexcept override {
    now();
    const std::lock_guard lock{mutex_};
    home_ = nullptr;
  }

private:
  std::mutex mutex_; // what follows
  manager_core* home_;
  const time_point began_;
  const store_time base_;
  store_time last_;
};

store_options checked(const store_options& options) {
  for (const auto& wrong : {check_duration("call_timeout", options.call_timeout),
                            check_duration("close_timeout", options.close_timeout)})
    if (wrong)
      throw_rejection(*wrong);
  if (options.call_timeout.count() == 0)
    throw_rejection(invalid("call_timeout: zero; give more"));
  if (options.max_payload == 0)
    throw_rejection(invalid("max_payload: zero; give more"));
  return options;
}

std::shared_ptr<store_core> open_file(const std::string& file, const store_options& options) {
  refuse_inside_coroutine(); // before the file is touched
  if (file.empty())
    throw_rejection(invalid("a store's file: it has no name"));
  if (file.starts_with("postgresql://") || file.starts_with("postgres://"))
    throw_rejection(invalid("a store's file: " + visible(file.substr(0, file.find(':')))
                            + "://... is a server: open it with postgres_store, of taskactor::postgres"));
  auto path = std::filesystem::absolute(file).lexically_normal().string();
  auto backend = open_file_backend(path, checked(options));
  path = std::filesystem::weakly_canonical(path).string(); // its folder is watched, not that of a link
  return std::make_shared<store_core>(std::move(backend), options, std::move(path));
}

std::shared_ptr<store_core> make_in_memory(manager_core& home, const store_options& options) {
  auto clock = std::make_shared<manager_clock>(home);
  attach_member(home, attachment_kind::queue, when_let_go::go_on, clock, "store in memory");
  return std::make_shared<store_core>(make_memory_backend([clock] { return clock->now(); }), checked(options),
                                      std::string{});
}

/// No job can have a text that is no store's.
std::optional<rejection> check_filter(const taskactor::job_filter& which) {
  if (auto wrong = check_text("queue", content_of(which.queue), longest_name))
    return wrong;
  if (auto wrong = check_text("task", content_of(which.task), longest_name))
    return wrong;
  return check_text("tag", content_of(which.tag), longest_name);
}

job_query query_of(taskactor::job_filter& which) {
  job_query made;
  made.ids = take_content(which.ids);
  made.states = take_content(which.states);
  made.queue = take_content(which.queue);
  made.task = take_content(which.task);
  made.tag = take_content(which.tag);
  made.before = which.before;
  made.most = which.most;
  return made;
}

store_call<control_reply> control_one(const std::shared_ptr<store_core>& core, control_action what) {
  return call_of<control_reply>([&](auto tell) {
    std::vector<control_action> one;
    one.push_back(std::move(what));
    core->control(std::move(one), [tell](const expected<std::vector<control_reply>>& replies) {
      once_there_is_memory([&] { tell(replies.transform([](const auto& all) { return all.front(); })); });
    });
  });
}

store_call<control_reply> control_job(const std::shared_ptr<store_core>& core, control_verb verb, job_id id) {
  control_action what;
  what.verb = verb;
  what.id = id;
  return control_one(core, std::move(what));
}

store_call<control_reply> control_name(const std::shared_ptr<store_core>& core, control_verb verb,
                                       const char* field, std::string name) {
  if (auto wrong = check_name(field, name))
    return store_call<control_reply>{std::move(*wrong)};
  control_action what;
  what.verb = verb;
  what.name = std::move(name);
  return control_one(core, std::move(what));
}

/// One page after the other: each is listed, then asked for. What comes back can't throw any more: it goes on
/// once there is memory.
class control_pages : public std::enable_shared_from_this<control_pages> {
public:
  control_pages(const std::shared_ptr<store_core>& core, control_verb verb, job_query which)
      : core_(core), verb_(verb), which_(std::move(which)) {
    which_.most = page;
  }

  store_call<control_counts> begin() {
    next();
    return store_call<control_counts>{call_};
  }

private:
  static constexpr std::size_t page = 500;

  void next() {
    core_->list(which_, [self = shared_from_this()](const expected<std::vector<job_info>>& found) {
      once_there_is_memory([&] { self->on_list(found); });
    });
  }
  void on_list(const expected<std::vector<job_info>>& found) {
    if (!found) {
      call_->set(found.error());
      return;
    }
    if (found->empty()) {
      call_->set(counts_);
      return;
    }
    which_.before = found->back().id;
    std::vector<control_action> all;
    for (const auto& each : *found) {
      auto& one = all.emplace_back();
      one.verb = verb_;
      one.id = each.id;
    }
    core_->control(std::move(all),
                   [self = shared_from_this()](const expected<std::vector<control_reply>>& replies) {
                     self->count(replies);
                     once_there_is_memory([&] { self->on_replies(replies); });
                   });
  }
  void count(const expected<std::vector<control_reply>>& replies) noexcept {
    if (replies)
      for (const auto each : *replies)
        ++(each == control_reply::done        ? counts_.done
           : each == control_reply::requested ? counts_.requested
                                              : counts_.refused);
  }
  void on_replies(const expected<std::vector<control_reply>>& replies) {
    if (replies)
      next();
    else
      call_->set(replies.error());
  }

  const std::shared_ptr<store_core> core_;
  const control_verb verb_;
  job_query which_;
  control_counts counts_;
  std::shared_ptr<call_state<control_counts>> call_ = std::make_shared<call_state<control_counts>>();
};

store_call<control_counts> control_all(const std::shared_ptr<store_core>& core, control_verb verb,
                                       taskactor::job_filter which) {
  if (auto wrong = check_filter(which))
    return store_call<control_counts>{std::move(*wrong)};
  return std::make_shared<control_pages>(core->for_calls(), verb, query_of(which))->begin();
}

/// Each a short call, so that others have their turn between two.
class prune_rounds : public std::enable_shared_from_this<prune_rounds> {
public:
  explicit prune_rounds(const std::shared_ptr<store_core>& core) : core_(core) {}

  store_call<std::size_t> begin() {
    next();
    return store_call<std::size_t>{call_};
  }

private:
  static constexpr std::size_t at_once = 1000;

  void next() {
    core_->prune(at_once, [self = shared_from_this()](const expected<std::size_t>& some) {
      self->gone_ += some ? *some : 0;
      once_there_is_memory([&] { self->on_some(some); });
    });
  }
  void on_some(const expected<std::size_t>& some) {
    if (!some)
      call_->set(some.error());
    else if (*some == 0)
      call_->set(gone_);
    else
      next();
  }

  const std::shared_ptr<store_core> core_;
  std::size_t gone_ = 0;
  std::shared_ptr<call_state<std::size_t>> call_ = std::make_shared<call_state<std::size_t>>();
};

} // namespace

} // namespace detail

using detail::control_verb;

store::store(const std::string& file, store_options options) : core_(detail::open_file(file, options)) {}
store::store(task_manager& tasks, store_options options)
    : core_(detail::make_in_memory(detail::core_of(tasks), options)) {}
store::store(std::shared_ptr<detail::store_core> core) noexcept : core_(std::move(core)) {}

const std::string& store::file() const noexcept { return core_->file(); }

store_call<std::vector<job_info>> store::list(job_filter which) const {
  if (auto wrong = detail::check_filter(which))
    return store_call<std::vector<job_info>>{std::move(*wrong)};
  return detail::call_of<std::vector<job_info>>(
      [&](auto tell) { core_->list(detail::query_of(which), std::move(tell)); });
}

store_call<job_details> store::find(job_id which) const {
  return detail::call_of<job_details>([&](auto tell) {
    core_->find({which}, [tell, which](expected<std::vector<job_details>> found) {
      if (!found)
        tell(std::move(found).error());
      else if (found->empty())
        detail::once_there_is_memory([&] {
          tell(rejection{errc::unknown_job, "job " + std::to_string(which) + ": there is none in the store"});
        });
      else
        tell(std::move(found->front()));
    });
  });
}

store_call<control_reply> store::cancel(job_id which) const {
  return detail::control_job(core_, control_verb::cancel, which);
}
store_call<control_reply> store::retry(job_id which) const {
  return detail::control_job(core_, control_verb::retry, which);
}
store_call<control_reply> store::remove(job_id which) const {
  return detail::control_job(core_, control_verb::remove, which);
}

store_call<control_counts> store::cancel_all(job_filter which) const {
  return detail::control_all(core_, control_verb::cancel, std::move(which));
}
store_call<control_counts> store::retry_all(job_filter which) const {
  return detail::control_all(core_, control_verb::retry, std::move(which));
}
store_call<control_counts> store::remove_all(job_filter which) const {
  return detail::control_all(core_, control_verb::remove, std::move(which));
}

store_call<control_reply> store::pause(std::string queue) const {
  return detail::control_name(core_, control_verb::pause, "queue", std::move(queue));
}
store_call<control_reply> store::resume(std::string queue) const {
  return detail::control_name(core_, control_verb::resume, "queue", std::move(queue));
}

store_call<control_reply> store::set_limit(std::string name, limiter_options options) const {
  if (auto wrong = detail::check_name("name", name))
    return store_call<control_reply>{std::move(*wrong)};
  if (auto wrong = detail::validate(name, options))
    return store_call<control_reply>{std::move(*wrong)};
  detail::control_action what;
  what.verb = control_verb::set_limit;
  what.name = std::move(name);
  what.capacity = options.capacity;
  what.rate = options.rate;
  return detail::control_one(core_, std::move(what));
}
store_call<control_reply> store::drop_limit(std::string name) const {
  return detail::control_name(core_, control_verb::drop_limit, "name", std::move(name));
}

store_call<store_survey> store::survey() const {
  return detail::call_of<store_survey>([&](auto tell) { core_->survey(std::move(tell)); });
}
store_call<std::vector<std::string>> store::check() const {
  return detail::call_of<std::vector<std::string>>([&](auto tell) { core_->check(std::move(tell)); });
}

store_call<std::size_t> store::prune() const {
  return std::make_shared<detail::prune_rounds>(core_->for_calls())->begin();
}

store_call<std::string> store::backup(std::string file) const {
  return detail::call_of<std::string>([&](auto tell) {
    core_->backup(std::filesystem::absolute(file).lexically_normal().string(), std::move(tell));
  });
}

store_call<std::size_t> store::restored() const {
  return detail::call_of<std::size_t>([&](auto tell) { core_->restored(std::move(tell)); });
}

} // namespace taskactor
