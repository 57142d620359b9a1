/// The figures for people, ratios first: they are what holds on another machine too.
#pragma once

#include "comparison.hpp"
#include "machine.hpp"

#include <iosfwd>

namespace bench {

/// It grows by a part as each work is done; what runs meanwhile is told on the terminal's last line, if any.
class table {
public:
  table(std::ostream& out, const machine& where, const contender& ours, const std::vector<contender>& peers,
        std::size_t repeats);
  void running(const work& what, std::size_t repeat, const contender& who);
  void add(const comparison& measured);

private:
  void clear_line();
  void add_ours(const comparison& measured);
  void add_pairing(const comparison& measured, const pairing& each);

  std::ostream& out_;
  std::size_t repeats_;
  bool terminal_;
};

} // namespace bench
