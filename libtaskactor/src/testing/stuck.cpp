#include <taskactor/task_options.hpp>
#include <taskactor/testing/stuck.hpp>

#include <utility>

namespace taskactor::testing {

namespace {

std::string text_of(const std::string& headline, const std::vector<waiting_task>& waiting) {
  if (waiting.empty())
    return headline + "\n  no task is there";
  auto text = headline;
  for (const auto& task : waiting)
    text += "\n  " + to_string(task);
  return text;
}

} // namespace

std::string to_string(const waiting_task& task) {
  auto text = '"' + task.id + "\": " + std::string{to_string(task.state)} + " since "
              + detail::to_text(task.since) + "; waits for " + task.waits_for;
  if (task.until != std::chrono::nanoseconds::max())
    text += ", at the latest at " + detail::to_text(task.until);
  return text;
}

stuck::stuck(const std::string& headline, std::vector<waiting_task> waiting)
    : test_error(text_of(headline, waiting)), waiting_(std::move(waiting)) {}

} // namespace taskactor::testing
