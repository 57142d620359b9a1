#include "task/library_load.hpp"

#include <taskactor/expected.hpp>

#include <utility>

namespace taskactor::detail {

namespace {

thread_local library_load* loading = nullptr;

} // namespace

library_load::library_load() noexcept : outer_(std::exchange(loading, this)) {}

library_load::~library_load() { loading = outer_; }

library_load* library_load::current() noexcept { return loading; }

const named_task& library_load::add(registered what) {
  tasks_.push_back(std::move(what));
  return *tasks_.back().task;
}

void library_load::note_fault(std::string why) { faults_.push_back(std::move(why)); }

void library_load::commit() {
  if (!faults_.empty())
    throw_rejection({errc::invalid_argument, faults_.front()});
  registry::global().take(tasks_);
}

void registration_failed(const std::exception& error) {
  if (!loading)
    throw;
  const auto* const coded = dynamic_cast<const std::system_error*>(&error);
  loading->note_fault(coded ? message_of(*coded) : error.what());
}

} // namespace taskactor::detail
