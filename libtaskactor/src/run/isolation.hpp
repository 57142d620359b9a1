/// Where the tasks of one registered function run when nobody has said where: the rules, without any actor.
///
///     here --so many have overrun--> in workers --so many clean runs in a row--> here
///
/// A run that began before the last move says nothing of the present place, and isn't counted. So many clean
/// runs in a row also let what has overrun here be forgotten.
#pragma once

#include <cstddef>
#include <cstdint>

namespace taskactor::detail {

/// How a run has ended, for who asks whether the next had better be in a worker.
enum class conduct : std::uint8_t {
  clean,  ///< by itself, in time, with a value or an exception
  bad,    ///< beyond its deadline, with its thread left behind, or with its worker's death
  neither ///< somebody has asked for it, or it has never begun
};

struct isolation_limits {
  std::size_t bad = 0;   // runs that move it to workers; zero: none does
  std::size_t clean = 0; // runs in a row that move it back; zero: it stays
};

class isolation {
public:
  enum class move : std::uint8_t { none, to_workers, back };

  bool in_workers() const noexcept { return in_workers_; }

  move note(conduct how, bool ran_in_worker, const isolation_limits& limits) noexcept {
    if (ran_in_worker != in_workers_ || how == conduct::neither)
      return move::none;
    if (how == conduct::bad) {
      clean_ = 0;
      ++bad_;
      return !in_workers_ && limits.bad != 0 && bad_ >= limits.bad ? go(move::to_workers) : move::none;
    }
    if (++clean_ < limits.clean || limits.clean == 0)
      return move::none;
    clean_ = bad_ = 0;
    return in_workers_ ? go(move::back) : move::none;
  }

private:
  move go(move where) noexcept {
    in_workers_ = where == move::to_workers;
    clean_ = bad_ = 0;
    return where;
  }

  std::size_t bad_ = 0, clean_ = 0;
  bool in_workers_ = false;
};

} // namespace taskactor::detail
