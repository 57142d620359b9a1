/// Objects whose destructors throw, and those beside them, which have to be destroyed all the same.
#pragma once

#include "support/listener.hpp"

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <utility>

namespace test {

/// On one thread.
struct book {
  int there = 0; // objects that haven't been destroyed
  std::size_t thrown = 0, caught = 0;
};

/// Is counted while it is there.
class guest {
public:
  explicit guest(book& in) : in_(&in) { ++in.there; }
  guest(const guest& other) : in_(other.in_) {
    if (in_)
      ++in_->there;
  }
  guest(guest&& other) noexcept : in_(std::exchange(other.in_, nullptr)) {}
  guest& operator=(const guest&) = delete;
  ~guest() {
    if (in_)
      --in_->there;
  }

private:
  book* in_;
};

/// The same; and its destructor throws, unless an exception is on its way already.
class rude {
public:
  explicit rude(book& in) : in_(&in) { ++in.there; }
  rude(const rude& other) : in_(other.in_) {
    if (in_)
      ++in_->there;
  }
  rude(rude&& other) noexcept : in_(std::exchange(other.in_, nullptr)) {}
  rude& operator=(const rude&) = delete;
  ~rude() noexcept(false) {
    if (!in_)
      return;
    --in_->there;
    if (std::uncaught_exceptions() != 0)
      return;
    ++in_->thrown;
    throw std::runtime_error{"from a destructor"};
  }

private:
  book* in_;
};

/// Holds one, after something else of its own.
struct as_member {
  explicit as_member(book& in) : own(in), bad(in) {}
  guest own;
  rude bad;
};

} // namespace test
