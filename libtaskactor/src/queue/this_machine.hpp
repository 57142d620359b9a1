/// Which process this is, and on which machine: so that another runner there can see that it is gone.
#pragma once

#include <cstdint>
#include <string>

namespace taskactor::detail {

struct process_identity {
  std::string host, boot_id; // which machine, since when, and which of its spaces of process numbers
  std::int64_t pid = 0;
  std::uint64_t start = 0; // of /proc/PID/stat, field 22; zero: unknown
};

class this_machine {
public:
  /// Read once for each process. Threads: any.
  static const process_identity& get();
  /// It ran here, and doesn't any more. False as well when that can't be known.
  static bool is_gone(const process_identity& which);
};

} // namespace taskactor::detail
