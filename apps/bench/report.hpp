/// The figures, for people as a table and for programs as JSON.
#pragma once

#include "comparison.hpp"
#include "machine.hpp"
#include "options.hpp"

#include <iosfwd>

namespace bench {

/// The table grows by a row as each work is done; what runs meanwhile is told on the terminal's last line, if
/// any.
class table {
public:
  table(std::ostream& out, const machine& where, const options& asked, const contender& ours,
        const std::optional<contender>& peer);
  void running(const work& what, std::size_t repeat);
  void row(const comparison& measured);

private:
  void clear_line();

  std::ostream& out_;
  std::size_t repeats_;
  bool terminal_;
};

void write_json(std::ostream& out, const machine& where, const options& asked, const contender& ours,
                const std::optional<contender>& peer, const std::vector<comparison>& measured);

} // namespace bench
