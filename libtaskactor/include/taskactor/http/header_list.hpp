/// The fields of a message's header, in their order. Names are compared without regard to case.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taskactor::http {

struct header {
  std::string name, value;
  friend bool operator==(const header&, const header&) = default;
};

class header_list {
public:
  using value_type = header;
  using const_iterator = std::vector<header>::const_iterator;

  header_list() noexcept = default;
  header_list(std::initializer_list<header> fields) : fields_(fields) {}

  void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }
  /// In place of all of this name.
  void set(std::string name, std::string value);
  /// Returns how many there were.
  std::size_t erase(std::string_view name);

  /// The first one's value; null: there is none.
  const std::string* find(std::string_view name) const noexcept;
  /// The same; empty if there is none.
  std::string_view operator[](std::string_view name) const noexcept;
  std::vector<std::string> all(std::string_view name) const;
  bool contains(std::string_view name) const noexcept { return find(name); }

  const_iterator begin() const noexcept { return fields_.begin(); }
  const_iterator end() const noexcept { return fields_.end(); }
  std::size_t size() const noexcept { return fields_.size(); }
  bool empty() const noexcept { return fields_.empty(); }
  friend bool operator==(const header_list&, const header_list&) = default;

private:
  std::vector<header> fields_;
};

} // namespace taskactor::http
