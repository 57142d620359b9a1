#include "sample.hpp"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace bench {

namespace {

double processor_seconds() noexcept {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

} // namespace

std::string to_json(const sample& taken) {
  std::ostringstream text;
  text.precision(12);
  for (const auto& [name, value] : taken)
    text << (text.tellp() == 0 ? "{\"" : ", \"") << name << "\": " << value;
  text << '}';
  return text.str();
}

stopwatch::stopwatch() noexcept
    : started_(std::chrono::steady_clock::now()), cpu_started_(processor_seconds()) {}

double stopwatch::seconds() const noexcept {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

sample stopwatch::read() const {
  const auto wall = seconds();
  return {{"seconds", wall}, {"cpu_seconds", processor_seconds() - cpu_started_}};
}

sample percentiles(std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  return {{"p50_seconds", seconds[seconds.size() / 2]}, {"p99_seconds", seconds[seconds.size() * 99 / 100]}};
}

double resident_bytes() {
  std::size_t all = 0, resident = 0;
  std::ifstream{"/proc/self/statm"} >> all >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void check_equal(std::size_t got, std::size_t expected) {
  if (got != expected)
    throw std::runtime_error{"a task gave " + std::to_string(got) + " instead of "
                             + std::to_string(expected)};
}

} // namespace bench
