// Jobs that outlive the program: kill it (Ctrl-C, kill -9), start it again, and it goes on where it was.
//
//     ./example_20_durable_jobs jobs.db       // letters that were pushed and not sent are sent the next time
//     ./example_20_durable_jobs               // in a file of its own, which is gone at the end
#include <taskactor/queue.hpp>
#include <taskactor/taskactor.hpp>

#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

// What is to be done is a registered function: the store has its name and its arguments.
ta::task<std::string> send_letter(std::string to) {
  if (to == "bob@example.org" && ta::this_task::attempt() == 1)
    throw std::runtime_error{"mailbox full"};
  co_await ta::sleep_for(10ms);
  co_return "sent to " + to;
}
TASKACTOR_REGISTER_AS(send_letter, "send_letter",
                      {.options = {.retry = ta::retry{.max_attempts = 3, .backoff = {.first = 100ms}}}});

int main(int argc, char** argv) {
  const auto file
      = argc > 1 ? std::filesystem::path{argv[1]}
                 : std::filesystem::temp_directory_path() / ("jobs-" + std::to_string(::getpid()) + ".db");
  {
    const ta::store jobs{file.string()};
    const ta::job_queue mail{jobs, "mail"};

    // Written before anything runs. The key keeps a letter that is still on its way from being sent twice.
    std::vector<ta::job<std::string>> letters;
    for (const std::string to : {"ann@example.org", "bob@example.org"})
      letters.push_back(mail.push({.unique = {.key = to}}, send_letter, to).get().value().job);
    std::cout << letters.size() << " letters, and nobody there\n";

    // Any number of programs may have runners for the same file.
    ta::task_manager tasks;
    ta::job_runner runner{tasks, jobs, {.queues = {{"mail", 8}}}};
    for (const auto& each : letters)
      std::cout << each.wait()->value() << '\n';
    const auto second = letters[1].details().get().value();
    std::cout << "attempts that failed: " << second.info.attempts
              << ", the last: " << second.attempts[0].error << '\n';
    std::cout << (runner.stop() ? "the store knows all" : "something is left") << '\n';
  }
  if (argc == 1)
    for (const auto* const part : {"", "-wal", "-shm"})
      std::filesystem::remove(file.string() + part);
}

// Output:
// 2 letters, and nobody there
// sent to ann@example.org
// sent to bob@example.org
// attempts that failed: 1, the last: std::runtime_error: mailbox full
// the store knows all
