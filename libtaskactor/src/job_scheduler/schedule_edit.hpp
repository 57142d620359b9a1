/// One change of a schedule by a user: it is read, changed, and written if nobody else has written it in
/// between; else all of that again.
///
///     edit_schedule<bool>(core, name, pause_it)   "paused": false if it is paused already
#pragma once

#include "job_scheduler/schedule_look.hpp"
#include "queue/schedule_rows.hpp"
#include "queue/store_core.hpp"
#include "queue/store_text.hpp"
#include "queue/stored_schedule.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/queue/store_call.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::detail {

/// What an edit makes of a schedule: what is written, if anything is, and what is answered then.
template <class T>
struct schedule_edited {
  T answer{};
  std::optional<schedule_write> write{};
  /// In place of `answer`, by the ids of the jobs that were pushed.
  std::function<T(const std::vector<push_reply>&)> by_jobs{};
  std::optional<job_id> cancel{}; // asked to end once it is written
};

/// Errors: `errc::store_failed`: others change it all the time; what `how` refuses.
template <class T>
class schedule_editing : public std::enable_shared_from_this<schedule_editing<T>> {
public:
  /// Null: there is no such schedule. May throw `error`.
  using edit = std::function<expected<schedule_edited<T>>(const stored_schedule*, store_time now)>;

  schedule_editing(const std::shared_ptr<store_core>& core, std::string name, edit how)
      : core_(core->for_calls()), name_(std::move(name)), edit_(std::move(how)) {}

  store_call<T> begin() {
    if (check_name("name", name_))
      on_page(schedule_page{}); // no schedule has it
    else
      read();
    return store_call<T>{call_};
  }

private:
  static constexpr int most_tries = 100; // at each, somebody else has written

  void read() {
    schedules_of(*core_).find(
        {.names = {name_}},
        [self = this->shared_from_this()](const expected<schedule_page>& found) { self->on_page(found); });
  }
  /// On the store's thread, where nothing may be thrown.
  template <class What>
  void guarded(const What& what) noexcept {
    try {
      what();
    } catch (const error& why) {
      call_->set(rejection{static_cast<errc>(why.code().value()), why.message()});
    } catch (const std::bad_alloc&) {
      call_->set(rejection{errc::store_failed, {}});
    } catch (const std::exception& why) {
      call_->set(rejection{errc::store_failed, why.what()});
    }
  }
  void on_page(const expected<schedule_page>& found) {
    guarded([&] {
      if (!found)
        return call_->set(found.error());
      auto edited = edit_(found->found.empty() ? nullptr : &found->found.front(), found->now);
      if (!edited)
        return call_->set(edited.error());
      made_ = *std::move(edited);
      if (!made_.write)
        return call_->set(std::move(made_.answer));
      std::vector<schedule_write> one;
      one.push_back(*std::move(made_.write));
      schedules_of(*core_).write(std::move(one), [self = this->shared_from_this()](
                                                     const expected<std::vector<schedule_written>>& written) {
        self->on_written(written);
      });
    });
  }
  void on_written(const expected<std::vector<schedule_written>>& written) {
    guarded([&] {
      if (!written)
        return call_->set(written.error());
      const auto& one = written->front();
      if (!one.done) {
        if (++tries_ < most_tries)
          return read();
        return call_->set(
            rejection{errc::store_failed,
                      "schedule \"" + visible(name_) + "\": others change it all the time; try again"});
      }
      auto answer = made_.by_jobs ? made_.by_jobs(one.pushed) : std::move(made_.answer);
      if (made_.cancel)
        core_->control(
            {{.verb = control_verb::cancel, .id = *made_.cancel, .name = {}, .capacity = {}, .rate = {}}},
            [](const expected<std::vector<control_reply>>&) {}); // else at the next look
      call_->set(std::move(answer));
    });
  }

  const std::shared_ptr<store_core> core_;
  const std::string name_;
  const edit edit_;
  schedule_edited<T> made_{};
  int tries_ = 0;
  std::shared_ptr<call_state<T>> call_ = std::make_shared<call_state<T>>();
};

template <class T>
store_call<T> edit_schedule(const std::shared_ptr<store_core>& core, std::string name,
                            typename schedule_editing<T>::edit how) {
  return std::make_shared<schedule_editing<T>>(core, std::move(name), std::move(how))->begin();
}

} // namespace taskactor::detail
