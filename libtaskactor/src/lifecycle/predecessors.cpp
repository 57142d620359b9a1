#include "lifecycle/predecessors.hpp"

#include "lifecycle/task_extras.hpp"

#include <taskactor/predecessor.hpp>

#include <mutex>
#include <utility>

namespace taskactor::detail {

namespace {

bool has_ended(const record& task) noexcept { return is_final(task.state.load(std::memory_order_acquire)); }

} // namespace

predecessors::link::link() noexcept
    : end_listener([](end_listener& self) noexcept {
        auto& me = static_cast<link&>(self);
        me.task->extras->waits_for->waits_in_->on_end(me);
      }) {}

void predecessors::add(ref<record> before) noexcept { links_[size_++].before = std::move(before); }

std::vector<std::string> predecessors::awaited() const {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < size_; ++i)
    if (!has_ended(*links_[i].before))
      ids.push_back(links_[i].before->current_id());
  return ids;
}

void predecessors::add_awaited(std::vector<ref<record>>& to) const {
  for (std::size_t i = 0; i < size_; ++i)
    if (!has_ended(*links_[i].before))
      to.push_back(links_[i].before);
}

bool dependants::hold(record& task) {
  auto& of = *task.extras->waits_for;
  of.waits_in_ = this;
  of.left_ = of.size_;
  ++held_;
  for (std::size_t i = 0; i < of.size_; ++i) {
    auto& link = of.links_[i];
    link.task = &task;
    if (!link.before->add(link))
      count(of, *link.before);
  }
  of.decided_ = of.left_ == 0 || of.culprit_;
  return !of.decided_;
}

/// Under a lock of the predecessor's.
void dependants::on_end(predecessors::link& of) noexcept {
  auto& all = *of.task->extras->waits_for;
  count(all, *of.before);
  if (!all.decided_ && (all.left_ == 0 || all.culprit_)) {
    all.decided_ = true;
    decided_.push(ref<record>{of.task});
  }
}

void dependants::count(predecessors& of, record& ended) noexcept {
  --of.left_;
  if (!of.culprit_ && ended.state.load(std::memory_order_acquire) != state::completed)
    of.culprit_ = &ended;
}

std::optional<failure> dependants::refusal(const record& task) {
  const auto* const culprit = task.extras->waits_for->culprit_;
  if (!culprit)
    return {};
  auto id = culprit->current_id();
  const auto how = culprit->state.load(std::memory_order_acquire);
  task.extras->unrun_since
      = culprit->extras && !culprit->extras->unrun_since.empty() ? culprit->extras->unrun_since : id;
  return failure{how == state::cancelled ? state::cancelled : state::failed, end_reason::predecessor_ended,
                 std::make_exception_ptr(predecessor_error{std::move(id), how, task.extras->unrun_since})};
}

void dependants::let_go(record& task) noexcept {
  auto& of = *task.extras->waits_for;
  for (std::size_t i = 0; i < of.size_; ++i)
    of.links_[i].before->remove(of.links_[i]);
  held_ -= of.waits_in_ ? 1 : 0;      // else it was cancelled before it was taken in
  std::shared_ptr<predecessors> gone; // after the lock
  const std::lock_guard lock{task.extras->mutex};
  gone = std::move(task.extras->waits_for);
}

} // namespace taskactor::detail
