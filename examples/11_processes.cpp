// Work that may crash runs in child processes: one of the items does, and the batch goes on.
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>
#include <taskactor/worker_entry.hpp>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace ta = taskactor;
using namespace std::chrono_literals;

// As a decoder that trusts its input: a damaged file takes its process with it.
std::size_t decode(const std::string& file) {
  if (file == "damaged")
    std::abort();
  return file.size();
}

ta::task<void> search() {
  for (;;)
    co_await ta::sleep_for(1h);
}

TASKACTOR_REGISTER(decode);
TASKACTOR_REGISTER(search);

int main(int argc, char* argv[]) {
  if (const auto code = ta::worker_entry(argc, argv)) // in a worker: serves, and ends here
    return *code;

  ta::task_manager tasks;
  const std::vector<std::string> files{"one", "damaged", "three"};
  const auto sizes = tasks.gather(
      {}, [](const std::string& file) { return ta::run_in_process(decode, file); }, files);
  for (std::size_t i = 0; i < files.size(); ++i) {
    try {
      const auto size = sizes[i].value();
      std::cout << files[i] << ": " << size << '\n';
    } catch (const ta::worker_lost& lost) {
      std::cout << files[i] << ": its process was killed by signal " << lost.term_signal() << '\n';
    }
  }

  // A deadline ends what runs in a process, whatever it does.
  auto late = tasks.run_in_process({.timeout = 20ms}, search).value();
  std::cout << late.wait_outcome().error() << '\n';
  std::cout << "workers lost: " << tasks.statistics().workers.lost << '\n';
}

// Output:
// one: 3
// damaged: its process was killed by signal 6
// three: 5
// timed out: ran too long (limit 20 ms)
// workers lost: 1
