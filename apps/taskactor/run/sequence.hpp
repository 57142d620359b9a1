/// Puts numbered things in order: 3, 1, 2 go in, 1, 2, 3 come out, each as soon as its turn has come.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <utility>

namespace taskactor::cli {

template <class T>
class sequence {
public:
  /// Numbers are from 1. `use` is called with what this one was the last to be missing for.
  template <class F>
  void add(std::size_t number, T thing, F&& use) {
    waiting_.emplace(number, std::move(thing));
    for (auto next = waiting_.begin(); next != waiting_.end() && next->first == next_;
         next = waiting_.erase(next)) {
      ++next_;
      use(next->second);
    }
  }
  /// The rest, in order, with gaps.
  template <class F>
  void flush(F&& use) {
    for (auto& [number, thing] : std::exchange(waiting_, {}))
      use(thing);
  }

private:
  std::map<std::size_t, T> waiting_;
  std::size_t next_ = 1;
};

} // namespace taskactor::cli
