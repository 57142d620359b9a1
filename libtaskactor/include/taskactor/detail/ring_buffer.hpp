/// A queue in one piece of memory, which grows and never shrinks. Not for users.
///
/// For cells (`sync_cell.hpp`), whose move doesn't throw. Room is made beforehand, by `reserve`, so that what
/// can fail comes before any effect.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

namespace taskactor::detail {

template <class Cell>
class ring_buffer {
public:
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  /// The i-th from the front.
  Cell& operator[](std::size_t i) noexcept { return cells_[(first_ + i) & (room_ - 1)]; }

  /// Errors: `std::bad_alloc`, with nothing changed.
  void reserve(std::size_t count) {
    if (count <= room_)
      return;
    auto room = std::max<std::size_t>(room_, smallest);
    while (room < count)
      room *= 2;
    auto cells = std::make_unique<Cell[]>(room); // NOLINT: its size is a variable
    for (std::size_t i = 0; i < size_; ++i)
      cells[i] = std::move((*this)[i]);
    cells_ = std::move(cells);
    first_ = 0;
    room_ = room;
  }
  void push_back(Cell&& cell) noexcept {
    ++size_;
    (*this)[size_ - 1] = std::move(cell);
  }
  void push_front(Cell&& cell) noexcept {
    first_ = (first_ + room_ - 1) & (room_ - 1);
    ++size_;
    (*this)[0] = std::move(cell);
  }
  Cell pop_front() noexcept {
    Cell front = std::exchange((*this)[0], Cell{});
    first_ = (first_ + 1) & (room_ - 1);
    --size_;
    return front;
  }

private:
  static constexpr std::size_t smallest = 4;

  std::unique_ptr<Cell[]> cells_; // NOLINT: its size is a variable
  std::size_t room_ = 0;          // a power of two
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

} // namespace taskactor::detail
