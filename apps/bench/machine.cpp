#include "machine.hpp"

#include "store_folder.hpp"

#include <caf/config.hpp>

#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sched.h>
#include <sys/utsname.h>
#include <thread>

namespace bench {

namespace {

std::string processor_name() {
  std::ifstream lines{"/proc/cpuinfo"};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("model name") && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return {};
}

unsigned usable_processors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set))
                                                     : std::thread::hardware_concurrency();
}

std::string kernel_name() {
  utsname names{};
  uname(&names);
  return std::string{names.sysname} + ' ' + names.release;
}

std::string compiler_name() {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

std::string caf_version() {
  return std::to_string(CAF_MAJOR_VERSION) + '.' + std::to_string(CAF_MINOR_VERSION) + '.'
         + std::to_string(CAF_PATCH_VERSION);
}

bool is_optimised() {
#ifdef NDEBUG
  return true;
#else
  return false;
#endif
}

std::string today() {
  std::array<char, 16> text{};
  const auto now = std::time(nullptr);
  tm parts{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", gmtime_r(&now, &parts));
  return text.data();
}

} // namespace

machine this_machine() {
  machine result{.processor = processor_name(),
                 .processors = usable_processors(),
                 .kernel = kernel_name(),
                 .compiler = compiler_name(),
                 .caf = caf_version(),
                 .date = today(),
                 .stores = store_place(),
                 .optimised = is_optimised()};
  getloadavg(&result.load, 1);
  return result;
}

} // namespace bench
