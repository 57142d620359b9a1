/// All that was measured, for programs: what BENCHMARKS.md and its chart are made of.
#pragma once

#include "comparison.hpp"
#include "machine.hpp"
#include "options.hpp"

#include <iosfwd>

namespace bench {

void write_samples(std::ostream& out, const machine& where, const contender& ours,
                   const std::vector<contender>& peers, const options& asked,
                   const std::vector<comparison>& measured);

} // namespace bench
