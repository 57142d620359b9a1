/// Where and with what the figures were measured: without that they say little.
#pragma once

#include <string>

namespace bench {

struct machine {
  std::string processor;   ///< the model's name, or empty
  unsigned processors = 0; ///< that this process may use
  std::string kernel;      ///< "Linux 6.1.0-13-amd64"
  std::string compiler;    ///< that built this program: "g++ 12.2.0"
  std::string caf;         ///< "0.17.6"
  std::string date;        ///< "2024-05-01"
  std::string stores;      ///< where files of jobs are: "/tmp, ext4"
  bool optimised = false;  ///< a release build
  double load = 0;         ///< how many others ran just before: the average of a minute
};

machine this_machine();

} // namespace bench
