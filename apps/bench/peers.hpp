/// The peers: with whom taskactor is compared, each a program of our own in peers/ that does the same works
/// with another library, language or tool.
#pragma once

#include "contender.hpp"

#include <string>
#include <vector>

namespace bench {

/// By name, in the order of the table.
std::vector<std::string> all_peers();

/// Those of the named that are there and do one of the works; each other one is skipped aloud, on standard
/// error, with the Debian package that brings it.
std::vector<contender> find_peers(taskactor::task_manager& tasks, const std::vector<std::string>& names,
                                  const std::vector<const work*>& works, const std::string& python);

} // namespace bench
