#include "node/inbound_tasks.hpp"

#include "lifecycle/manager_core.hpp"
#include "node/inbound_task.hpp"

#include <taskactor/detail/admit.hpp>

#include <charconv>
#include <system_error>

namespace taskactor::detail {

namespace {

/// What is too long for a frame is told as that: an answer that can't be sent would never come.
void fit(inbound_result& how, std::size_t largest) {
  if (how.text.size() <= largest)
    return;
  if (how.how == inbound_result::kind::result)
    how = {.how = inbound_result::kind::failed,
           .text = "the result can't be sent: " + std::to_string(how.text.size())
                   + " bytes of CBOR; the limit is " + std::to_string(largest)};
  else
    how.text = cut_text(how.text, largest);
}

} // namespace

inbound_tasks::inbound_tasks(std::size_t largest, own_tasks own, synchronized_core& core, manager_core& home)
    : largest_(largest), own_(std::move(own)), core_(core), home_(home) {}

inbound_tasks::~inbound_tasks() = default;

void inbound_tasks::begin(inbound_call call) {
  const auto id = call.id;
  const std::shared_ptr<inbound_tasks> self{std::shared_ptr<void>{owner_}, this};
  const ref<inbound_task> inbound{new inbound_task{self, std::move(call)}};
  inbound_.emplace(id, inbound);
  core_.defer([inbound] { inbound->begin(); });
}

void inbound_tasks::stop(inbound_id which) {
  if (const auto found = inbound_.find(which); found != inbound_.end())
    core_.defer([inbound = found->second] { inbound->stop(); });
}

void inbound_tasks::hand_back(inbound_id which) {
  if (const auto found = inbound_.find(which); found != inbound_.end())
    core_.defer([inbound = found->second] { inbound->hand_back(); });
}

void inbound_tasks::begun(inbound_id which) noexcept {
  core_.enter([&](node_core& core) { core.inbound().begun(which); });
}

void inbound_tasks::over(inbound_id which, inbound_result how) noexcept {
  core_.enter([&](node_core& core) {
    fit(how, largest_);
    if (auto found = inbound_.extract(which)) {
      if (last_forgotten_) // who tells us still holds the record
        core_.defer([inbound = std::move(found.mapped())] { inbound->forget(); });
      else
        ended_.push_back(std::move(found.mapped())); // let go of later: the record's lock may be held
    }
    core.inbound_ended(which, how);
    core_.notify();
  });
}

void inbound_tasks::progressed(inbound_id which, std::uint64_t done, std::uint64_t total,
                               std::string text) noexcept {
  core_.enter([&](node_core& core) { core.inbound().progressed(which, done, total, std::move(text)); });
}

/// Its task's id ends with the call's number, that of a child in a slash and more.
bool inbound_tasks::relay_log(int level, std::string_view logger, std::string_view text) noexcept {
  constexpr int critical = 5;
  const auto* const task = current_task();
  if (!task || level < 0 || level > critical)
    return false;
  bool is = false;
  core_.enter([&](node_core& core) {
    const auto id = task->current_id();
    const auto colon = id.rfind(':');
    inbound_id number = 0;
    if (colon == id.npos
        || std::from_chars(id.data() + colon + 1, id.data() + id.size(), number).ec != std::errc{})
      return;
    const auto found = inbound_.find(number);
    is = found != inbound_.end() && id.starts_with(found->second->id);
    if (is)
      core.inbound().logged(number, static_cast<std::uint64_t>(level), cut_text(logger, node_name_limit),
                            cut_text(text));
  });
  return is;
}

void inbound_tasks::forget_ended(bool last) noexcept {
  std::vector<ref<inbound_task>> ended;
  core_.enter([&](node_core&) {
    last_forgotten_ = last_forgotten_ || last;
    ended.swap(ended_);
  });
  for (const auto& each : ended)
    each->forget();
}

} // namespace taskactor::detail
