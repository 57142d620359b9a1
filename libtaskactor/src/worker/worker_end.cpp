#include "worker/worker_end.hpp"

#include <taskactor/error.hpp>

#include <system_error>
#include <utility>

namespace taskactor::detail {

void worker_end::closed(bool broken) {
  closed_ = true;
  if (broken)
    violation_ = "it sent what is no frame";
}

void worker_end::violated(const char* how) {
  if (violation_.empty())
    violation_ = how;
}

worker_end::kind worker_end::how(bool greeted, bool has_calls) const noexcept {
  if (!has_calls && !retired_.empty())
    return kind::retired;
  return greeted ? kind::lost : kind::at_start;
}

std::string worker_end::why(kind how, const std::string& last_words) const {
  if (how == kind::retired)
    return retired_;
  const auto ended = !start_failure_.empty() ? start_failure_ : result_.describe();
  return (violation_.empty() ? ended : violation_ + ", and was killed") + last_words;
}

std::exception_ptr worker_end::error(kind how, const std::string& why,
                                     std::shared_ptr<const call_output> output) const {
  if (how == kind::at_start)
    return std::make_exception_ptr(
        taskactor::error{errc::worker_not_started, "the worker ended at its start: " + why});
  return std::make_exception_ptr(
      worker_lost{result_.exit_code, result_.term_signal,
                  "the worker (process " + std::to_string(result_.pid) + ") died under the call: " + why,
                  std::move(output)});
}

} // namespace taskactor::detail
