#include "contender.hpp"

#include <taskactor/taskactor.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace bench {

namespace {

/// A sample takes seconds; this is for one that hangs.
constexpr std::chrono::minutes sample_limit{5};

std::filesystem::path this_program() { return std::filesystem::read_symlink("/proc/self/exe"); }

std::string last_line(std::string text) {
  text.erase(text.find_last_not_of("\n ") + 1);
  return text.substr(text.rfind('\n') + 1);
}

/// Its output, or why there is none. A command that can't be started is an answer too, no failed task to be
/// logged.
struct reply {
  std::string out{};
  std::string trouble{};
};

taskactor::task<reply> call(taskactor::command_line command) {
  taskactor::command_options options;
  options.timeout = sample_limit;
  try {
    const auto result = co_await taskactor::run_command(std::move(command), std::move(options));
    if (result.timed_out)
      co_return reply{.trouble = "hangs: no end within five minutes"};
    if (!result.success())
      co_return reply{.trouble = result.err.empty() ? result.describe() : last_line(result.err)};
    co_return reply{.out = result.out};
  } catch (const std::system_error& error) {
    co_return reply{.trouble = error.what()};
  }
}

/// What the command prints, as JSON.
nlohmann::json ask(taskactor::task_manager& tasks, taskactor::command_line command) {
  const auto reply
      = tasks.add_task({.timeout = taskactor::no_timeout}, call, std::move(command)).value().get();
  if (!reply.trouble.empty())
    throw std::runtime_error{reply.trouble};
  auto answer = nlohmann::json::parse(reply.out, nullptr, false);
  if (!answer.is_object())
    throw std::runtime_error{"printed no JSON: " + reply.out};
  return answer;
}

} // namespace

bool contender::does(const work& what) const {
  return std::find(works.begin(), works.end(), what.name) != works.end();
}

contender taskactor_itself(std::size_t scheduler_threads) {
  contender result{.name = "taskactor",
                   .title = "taskactor",
                   .version = TASKACTOR_BENCH_VERSION,
                   .program
                   = {this_program().string(), "--threads", std::to_string(scheduler_threads), "--once"}};
  for (const auto& each : all_works())
    result.works.emplace_back(each.name);
  return result;
}

contender introduce(taskactor::task_manager& tasks, taskactor::command_line program) {
  auto question = program;
  question.emplace_back("--about");
  const auto answer = ask(tasks, std::move(question));
  return {.title = answer.at("name"),
          .version = answer.at("version"),
          .works = answer.at("works"),
          .program = std::move(program)};
}

sample measure(taskactor::task_manager& tasks, const contender& who, const work& what, std::size_t size) {
  auto command = who.program;
  command.emplace_back(what.name);
  command.push_back(std::to_string(size));
  try {
    return ask(tasks, std::move(command)).get<sample>();
  } catch (const std::exception& error) {
    throw std::runtime_error{who.title + ", " + std::string{what.name} + ": " + error.what()};
  }
}

} // namespace bench
