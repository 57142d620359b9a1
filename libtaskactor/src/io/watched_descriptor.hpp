/// What the loop knows of a descriptor's number.
#pragma once

#include <taskactor/io/descriptor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

#include <sys/epoll.h>

namespace taskactor::detail {

inline constexpr std::array<direction, 3> directions{direction::read, direction::write, direction::urgent};

constexpr std::uint32_t events_of(direction what) noexcept {
  switch (what) {
  case direction::read:
    return EPOLLIN | EPOLLRDHUP;
  case direction::write:
    return EPOLLOUT;
  case direction::urgent:
    break;
  }
  return EPOLLPRI;
}

/// What tells `what`: an error and a hang-up tell all of them.
constexpr bool tells(std::uint32_t events, direction what) noexcept {
  return (events & (events_of(what) | EPOLLERR | EPOLLHUP)) != 0;
}

struct watched_descriptor {
  std::uint32_t generation = 0; // zero: it has never been awaited
  bool added = false;           // epoll may know it
  std::array<descriptor_await*, directions.size()> waiting{};

  descriptor_await*& of(direction what) noexcept { return waiting[static_cast<std::size_t>(what)]; }
  /// Of those who wait.
  std::uint32_t events() const noexcept {
    std::uint32_t all = 0;
    for (const auto what : directions)
      if (waiting[static_cast<std::size_t>(what)])
        all |= events_of(what);
    return all;
  }
};

} // namespace taskactor::detail
