/// The live tasks by id: open addressing over (hash, record), one cache line touched for most look-ups.
///
/// A node-based map costs an allocation and two or three cache misses for each step of a task's life in the
/// table, under the lock that admission takes. Linear probing; removal shifts back, so that there are no
/// tombstones.
#pragma once

#include <taskactor/detail/record.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace taskactor::detail {

class id_index {
public:
  static std::size_t hash(std::string_view id) noexcept { return std::hash<std::string_view>{}(id); }

  std::size_t size() const noexcept { return size_; }

  /// Null when there is none.
  record* find(std::string_view id, std::size_t hash) const noexcept {
    if (size_ == 0)
      return nullptr;
    for (auto at = home(hash); slots_[at].task; at = next(at))
      if (slots_[at].hash == hash && slots_[at].task->id == id)
        return slots_[at].task.get();
    return nullptr;
  }
  /// Then the next `insert` needs no memory.
  void make_room() {
    if (slots_.size() < 2 * (size_ + 1))
      grow();
  }
  /// The id must not be in the index.
  void insert(ref<record> task, std::size_t hash) {
    make_room();
    place({hash, std::move(task)});
    ++size_;
  }
  /// Empty when this very record isn't in the index.
  ref<record> remove(const record& task, std::size_t hash) noexcept {
    if (size_ == 0)
      return {};
    auto at = home(hash);
    while (slots_[at].task.get() != &task) {
      if (!slots_[at].task)
        return {};
      at = next(at);
    }
    auto found = std::move(slots_[at].task);
    close_gap(at);
    --size_;
    return found;
  }
  template <class F>
  void each(F&& visit) const {
    for (const auto& slot : slots_)
      if (slot.task)
        visit(slot.task);
  }

private:
  struct slot {
    std::size_t hash = 0;
    ref<record> task{};
  };

  std::size_t home(std::size_t hash) const noexcept { return hash & (slots_.size() - 1); }
  std::size_t next(std::size_t at) const noexcept { return (at + 1) & (slots_.size() - 1); }
  void place(slot added) noexcept {
    auto at = home(added.hash);
    while (slots_[at].task)
      at = next(at);
    slots_[at] = std::move(added);
  }
  void grow() {
    constexpr std::size_t smallest = 64;
    std::vector<slot> old(slots_.empty() ? smallest : 2 * slots_.size());
    old.swap(slots_);
    for (auto& each : old)
      if (each.task)
        place(std::move(each));
  }
  /// Moves back what was displaced over the hole.
  void close_gap(std::size_t hole) noexcept {
    for (auto at = next(hole); slots_[at].task; at = next(at)) {
      const auto wanted = home(slots_[at].hash);
      if (((at - wanted) & (slots_.size() - 1)) >= ((at - hole) & (slots_.size() - 1))) {
        slots_[hole] = std::move(slots_[at]);
        hole = at;
      }
    }
    slots_[hole] = {};
  }

  std::vector<slot> slots_;
  std::size_t size_ = 0;
};

} // namespace taskactor::detail
