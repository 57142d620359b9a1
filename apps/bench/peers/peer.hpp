/// What the peers that are written in C++ share: the protocol of a contender (../contender.hpp), and the
/// tools it is measured with (../sample.hpp), so that these are the same for all.
#pragma once

#include "sample.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace bench {

struct peer {
  std::string name, version;
  std::map<std::string, sample (*)(std::size_t size)> works;
};

/// The whole of `main`, whose arguments behind the first `skip` are the protocol's.
int serve(const peer& who, int argc, char** argv, int skip = 0);

/// Places for the results of so many tasks; none is right before its task has put one there.
class results {
public:
  explicit results(std::size_t size) : values_(size, size) {}
  std::size_t& operator[](std::size_t number) { return values_[number]; }
  /// Throws when one isn't its task's number.
  void check() const;

private:
  std::vector<std::size_t> values_;
};

std::size_t plain_fib(std::size_t n);

} // namespace bench
