#include "queue/this_machine.hpp"

#include "queue/store_text.hpp"

#include <array>
#include <fstream>
#include <iterator>
#include <limits.h>
#include <sstream>
#include <unistd.h>

namespace taskactor::detail {

namespace {

struct process_state {
  bool found = false, zombie = false;
  std::uint64_t start = 0;
};

/// The name, in parentheses, may have anything in it: what follows the last one is counted from field 3.
process_state look_at_process(std::int64_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos)
    return {};
  constexpr int start_field = 22, first_field = 3;
  std::istringstream fields{text.substr(name_end + 1)};
  process_state found{.found = true};
  std::string word;
  for (int field = first_field; fields >> word; ++field) {
    if (field == first_field)
      found.zombie = word == "Z" || word == "X";
    if (field == start_field) {
      found.start = std::stoull(word);
      break;
    }
  }
  return found;
}

std::string read_boot_id() {
  std::ifstream file{"/proc/sys/kernel/random/boot_id"};
  std::string id;
  std::getline(file, id);
  std::array<char, 64> space{}; // two containers have one boot id, and each a process 1
  const auto length = ::readlink("/proc/self/ns/pid", space.data(), space.size());
  if (id.empty() || length <= 0)
    return {};
  return id + ' ' + std::string(space.data(), static_cast<std::size_t>(length));
}

process_identity identify() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0)
    name[0] = '\0';
  return {.host = store_text(name.data()), // the kernel takes any bytes
          .boot_id = read_boot_id(),
          .pid = ::getpid(),
          .start = look_at_process(::getpid()).start};
}

} // namespace

const process_identity& this_machine::get() {
  static const auto here = identify();
  return here;
}

bool this_machine::is_gone(const process_identity& which) {
  const auto& here = get();
  if (which.boot_id.empty() || which.boot_id != here.boot_id || which.host != here.host || which.start == 0
      || here.start == 0)
    return false;
  const auto now = look_at_process(which.pid);
  return !now.found || now.zombie || now.start != which.start;
}

} // namespace taskactor::detail
