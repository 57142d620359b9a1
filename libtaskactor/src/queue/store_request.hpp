/// `store_request`: one call of a store, from when it is asked for until its user has been told. Requests of
/// one verb may be made together, in one call of the backend, and so in one transaction.
///
/// Made on one thread, in turn; told by whoever comes first: the one who has made it, or who finds that its
/// time is up.
#pragma once

#include "base/memory.hpp"
#include "queue/store_backend.hpp"
#include "queue/stored_schedule.hpp"
#include "queue/told.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace taskactor::detail {

/// In their order when several wait since the same time; `renew` is made before all others.
enum class store_verb : std::uint8_t {
  renew,
  finish,
  claim,
  push,
  control,
  find,
  list,
  schedule, // writes of schedules
  other,
  aside, // reads all of the store, beside the others: see `store_aside`
};
inline constexpr std::size_t store_verbs = 10;

/// What others may want to know of what was made.
struct store_news {
  bool changed = false;    // jobs may have become ready, have ended, or were asked to end
  bool schedules = false;  // have been written
  bool some_ended = false; // it isn't known which
  bool is_others = false;  // another process's, perhaps
  std::vector<std::pair<job_id, job_ended>> ended;
  std::vector<job_id> perhaps; // these may have ended
};

class store_request {
public:
  explicit store_request(store_verb verb) noexcept : verb_(verb) {}
  store_request(const store_request&) = delete;
  store_request& operator=(const store_request&) = delete;
  virtual ~store_request() = default;

  store_verb verb() const noexcept { return verb_; }
  virtual std::size_t rows() const noexcept { return 1; }
  /// It and `first` can be made in one call.
  virtual bool goes_with(const store_request&) const noexcept { return false; }

  /// Makes `together`, of which it is the first. Errors: those of the backend; then nothing was made.
  virtual void make(store_backend& backend, std::span<const std::shared_ptr<store_request>> together) = 0;
  /// Of one that was made.
  virtual void add_to(store_news&) const {}
  virtual void tell() noexcept = 0;
  virtual void refuse(const rejection& why) noexcept = 0;

private:
  const store_verb verb_;
};

template <class Reply>
class typed_request : public store_request {
public:
  typed_request(store_verb verb, told<Reply> tell) : store_request(verb), tell_(std::move(tell)) {}

  void tell() noexcept final {
    if (is_first())
      std::exchange(tell_, {})(std::move(*reply_));
    else
      unheard(*reply_);
  }
  void refuse(const rejection& why) noexcept final {
    if (!is_first())
      return;
    auto said = once_there_is_memory([&]() -> expected<Reply> { return why; });
    std::exchange(tell_, {})(std::move(said));
  }

protected:
  void reply(Reply made) { reply_.emplace(std::move(made)); }
  const Reply& made() const noexcept { return *reply_; }
  /// It was made, and its user had been told by then that nobody knows.
  virtual void unheard(const Reply&) noexcept {}

private:
  bool is_first() noexcept { return !told_.exchange(true, std::memory_order_acq_rel); }

  told<Reply> tell_;
  std::optional<Reply> reply_; // of the one who makes it
  std::atomic<bool> told_{false};
};

/// A set, with a reply for each; sets can be joined.
template <class Item, class Each>
class set_request : public typed_request<std::vector<Each>> {
  using base = typed_request<std::vector<Each>>;

public:
  set_request(store_verb verb, std::vector<Item> items, told<std::vector<Each>> tell)
      : base(verb, std::move(tell)), items_(std::move(items)) {}

  std::size_t rows() const noexcept final { return items_.size(); }
  bool goes_with(const store_request&) const noexcept override { return true; }

  void make(store_backend& backend, std::span<const std::shared_ptr<store_request>> together) final {
    if (together.size() == 1) {
      base::reply(call(backend, items_));
      return;
    }
    // What was made is told, whatever memory there is then: the replies have their places before.
    std::vector<std::vector<Each>> parts(together.size());
    for (std::size_t i = 0; i < together.size(); ++i)
      parts[i].reserve(together[i]->rows());
    std::vector<Item> all;
    const items_back at_end{all, together};
    for (const auto& each : together) {
      auto& some = of(*each).items_;
      all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
    }
    auto replies = call(backend, all);
    auto next = std::make_move_iterator(replies.begin());
    for (std::size_t i = 0; i < together.size(); ++i) {
      const auto end = next + static_cast<std::ptrdiff_t>(together[i]->rows());
      parts[i].assign(next, end);
      of(*together[i]).reply(std::move(parts[i]));
      next = end;
    }
  }

protected:
  virtual std::vector<Each> call(store_backend& backend, const std::vector<Item>& items) = 0;
  const std::vector<Item>& items() const noexcept { return items_; }

private:
  static set_request& of(store_request& which) noexcept { return static_cast<set_request&>(which); }
  /// What was moved out for the call, for who is made by itself next, or looks at what has ended.
  struct items_back {
    std::vector<Item>& all;
    std::span<const std::shared_ptr<store_request>> together;
    ~items_back() {
      auto next = all.begin();
      for (const auto& each : together)
        for (auto& item : of(*each).items_)
          if (next != all.end())
            item = std::move(*next++);
    }
  };

  std::vector<Item> items_;
};

class push_request final : public set_request<new_job, push_reply> {
public:
  push_request(std::vector<new_job> jobs, told<std::vector<push_reply>> tell)
      : set_request(store_verb::push, std::move(jobs), std::move(tell)) {}
  void add_to(store_news& news) const override { news.changed = true; }

private:
  std::vector<push_reply> call(store_backend& backend, const std::vector<new_job>& jobs) override {
    return backend.push(jobs);
  }
};

class finish_request final : public set_request<job_end, end_reply> {
public:
  finish_request(runner_key runner, std::vector<job_end> ends, told<std::vector<end_reply>> tell)
      : set_request(store_verb::finish, std::move(ends), std::move(tell)), runner_(std::move(runner)) {}
  bool goes_with(const store_request& first) const noexcept override {
    return runner_ == static_cast<const finish_request&>(first).runner_;
  }
  void add_to(store_news& news) const override {
    news.changed = true;
    for (std::size_t i = 0; i < items().size(); ++i) {
      const auto& item = items()[i];
      const auto state = state_after(item.how);
      if (made()[i] == end_reply::done && state)
        news.ended.emplace_back(item.id, job_ended{*state, item.result, item.error});
      else if (made()[i] == end_reply::done || made()[i] == end_reply::repeated)
        news.perhaps.push_back(item.id); // it may have been asked to end; or begun anew since
    }
  }

private:
  static std::optional<job_state> state_after(claim_end how) noexcept {
    switch (how) {
    case claim_end::succeeded:
      return job_state::succeeded;
    case claim_end::failed:
      return job_state::failed;
    case claim_end::cancelled:
      return job_state::cancelled;
    case claim_end::quarantined:
      return job_state::quarantined;
    default:
      return {};
    }
  }
  std::vector<end_reply> call(store_backend& backend, const std::vector<job_end>& ends) override {
    return backend.finish(runner_, ends);
  }

  runner_key runner_;
};

class control_request final : public set_request<control_action, control_reply> {
public:
  control_request(std::vector<control_action> actions, told<std::vector<control_reply>> tell)
      : set_request(store_verb::control, std::move(actions), std::move(tell)) {}
  void add_to(store_news& news) const override {
    news.changed = true;
    for (std::size_t i = 0; i < items().size(); ++i) {
      const auto verb = items()[i].verb;
      if (made()[i] == control_reply::done && (verb == control_verb::cancel || verb == control_verb::remove))
        news.perhaps.push_back(items()[i].id);
    }
  }

private:
  std::vector<control_reply> call(store_backend& backend, const std::vector<control_action>& all) override {
    return backend.control(all);
  }
};

class schedule_request final : public set_request<schedule_write, schedule_written> {
public:
  schedule_request(std::vector<schedule_write> writes, told<std::vector<schedule_written>> tell)
      : set_request(store_verb::schedule, std::move(writes), std::move(tell)) {}
  void add_to(store_news& news) const override {
    for (const auto& each : made()) {
      news.schedules = news.schedules || each.done;
      news.changed = news.changed || !each.pushed.empty();
    }
  }

private:
  std::vector<schedule_written> call(store_backend& backend,
                                     const std::vector<schedule_write>& writes) override {
    return backend.write_schedules(writes);
  }
};

/// Those that there are, of several sets: each gets its own.
class find_request final : public typed_request<std::vector<job_details>> {
public:
  find_request(std::vector<job_id> which, told<std::vector<job_details>> tell)
      : typed_request(store_verb::find, std::move(tell)), which_(std::move(which)) {}

  std::size_t rows() const noexcept override { return which_.size(); }
  bool goes_with(const store_request&) const noexcept override { return true; }
  void make(store_backend& backend, std::span<const std::shared_ptr<store_request>> together) override {
    if (together.size() == 1) {
      reply(backend.find(which_));
      return;
    }
    std::vector<job_id> all;
    for (const auto& each : together)
      all.insert(all.end(), of(*each).which_.begin(), of(*each).which_.end());
    std::unordered_map<job_id, const job_details*> found;
    const auto details = backend.find(all);
    for (const auto& each : details)
      found[each.info.id] = &each;
    for (const auto& each : together) {
      std::vector<job_details> some;
      for (const auto id : of(*each).which_)
        if (const auto at = found.find(id); at != found.end())
          some.push_back(*at->second);
      of(*each).reply(std::move(some));
    }
  }

private:
  static find_request& of(store_request& which) noexcept { return static_cast<find_request&>(which); }

  std::vector<job_id> which_;
};

/// Made by itself.
template <class Reply>
class single_request final : public typed_request<Reply> {
public:
  using call = std::function<Reply(store_backend&)>;
  /// What of the reply is news; empty: nothing.
  using news = std::function<void(const Reply&, store_news&)>;
  /// What is to be done with a reply that comes too late.
  using late = std::function<void(const Reply&)>;

  single_request(store_verb verb, call how, told<Reply> tell, news what = {}, late then = {})
      : typed_request<Reply>(verb, std::move(tell)),
        call_(std::move(how)),
        news_(std::move(what)),
        late_(std::move(then)) {}

  void make(store_backend& backend, std::span<const std::shared_ptr<store_request>>) override {
    this->reply(call_(backend));
  }
  void add_to(store_news& into) const override {
    if (news_)
      news_(this->made(), into);
  }

private:
  void unheard(const Reply& made) noexcept override {
    if (late_)
      once_there_is_memory([&] { late_(made); });
  }

  call call_;
  news news_;
  late late_;
};

} // namespace taskactor::detail
