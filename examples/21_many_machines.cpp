// Jobs that many machines share, in a PostgreSQL database: pushed here, run there. Stop any of them: the
// others go on.
//
//     ./example_21_many_machines work postgresql://db.example.org/app     // on as many machines as you like
//     ./example_21_many_machines push postgresql://db.example.org/app ann@example.org bob@example.org
//
// From any language, within a transaction of one's own:
//
//     psql -d app -c "SELECT taskactor.push('mail', 'send_letter', '[\"cid@example.org\"]')"
#include <taskactor/queue.hpp>
#include <taskactor/queue/postgres_store.hpp>
#include <taskactor/taskactor.hpp>

#include <csignal>
#include <iostream>
#include <string_view>
#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

ta::task<std::string> send_letter(std::string to) {
  co_await ta::sleep_for(20ms);
  std::cout << "sending to " + to + '\n' << std::flush;
  co_return "sent to " + to + " by process " + std::to_string(::getpid());
}
TASKACTOR_REGISTER(send_letter);

int work(const ta::store& jobs) {
  ta::task_manager tasks;
  tasks.shutdown_on({SIGTERM, SIGINT}); // what runs ends, and the rest is left to the others
  ta::job_runner runner{tasks, jobs, {.queues = {{"mail", 2}}}};
  std::cout << "working\n" << std::flush;
  return tasks.wait_for_shutdown().clean() ? 0 : 1;
}

int push(const ta::store& jobs, int count, char** letters) {
  const ta::job_queue mail{jobs, "mail"};
  std::vector<ta::job<std::string>> pushed;
  for (const std::string& to : std::vector<std::string>(letters, letters + count))
    pushed.push_back(mail.push({.unique = {.key = to}}, send_letter, to).get().value().job);
  for (const auto& each : pushed)
    std::cout << each.wait()->value() << '\n'; // wherever it has run
  return 0;
}

int main(int argc, char** argv) {
  const std::string_view what = argc > 2 ? argv[1] : "";
  if (what != "work" && what != "push") {
    std::cerr << "usage: example_21_many_machines work|push postgresql://HOST/DATABASE [LETTER]...\n";
    return 2;
  }
  const ta::store jobs = ta::postgres_store(argv[2]); // its tables are made, if need be
  return what == "work" ? work(jobs) : push(jobs, argc - 3, argv + 3);
}
