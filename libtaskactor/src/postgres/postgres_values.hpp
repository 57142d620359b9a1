/// What goes into a statement of PostgreSQL, and what comes out: texts, as libpq has them.
///
///     postgres_columns jobs{2};
///     jobs.add(7, "mail");                 // a row: each column becomes an array, for unnest
///     postgres_values values;
///     values.add(jobs).add(now);           // $1, $2, $3
///
/// Threads: one at a time.
#pragma once

#include <taskactor/queue/push_options.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

struct pg_result;

namespace taskactor::detail {

/// Bytes that aren't text: a result, a piece of output.
struct postgres_bytes {
  std::string_view bytes;
};

std::string postgres_hex(std::string_view bytes);

/// One array, as PostgreSQL writes it.
class postgres_array {
public:
  void add(std::nullptr_t) { begin() += "NULL"; }
  void add(bool value) { begin() += value ? 't' : 'f'; }
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  void add(T value) {
    begin() += std::to_string(static_cast<std::int64_t>(value));
  }
  template <class T>
    requires std::is_enum_v<T>
  void add(T value) {
    add(static_cast<std::int64_t>(value));
  }
  void add(double value);
  void add(std::string_view text);
  void add(const std::string& text) { add(std::string_view{text}); }
  void add(const char* text) { add(std::string_view{text}); }
  void add(postgres_bytes value);
  void add(store_time value) { add(value.time_since_epoch().count()); }
  template <class Rep, class Period>
  void add(std::chrono::duration<Rep, Period> value) {
    add(value.count());
  }
  template <class T>
  void add(const std::optional<T>& value) {
    if (value)
      add(*value);
    else
      add(nullptr);
  }

  std::string text() const { return text_ + '}'; }

private:
  std::string& begin() {
    if (text_.size() > 1)
      text_ += ',';
    return text_;
  }

  std::string text_ = "{";
};

template <class Values>
postgres_array array_of(const Values& values) {
  postgres_array made;
  for (const auto& each : values)
    made.add(each);
  return made;
}

/// Rows, of which each column is an array.
class postgres_columns {
public:
  explicit postgres_columns(std::size_t columns) : arrays_(columns) {}

  template <class... Values>
  void add(const Values&... values) {
    std::size_t at = 0;
    (arrays_.at(at++).add(values), ...);
    ++rows_;
  }
  std::size_t rows() const noexcept { return rows_; }
  bool empty() const noexcept { return rows_ == 0; }
  const std::vector<postgres_array>& arrays() const noexcept { return arrays_; }

private:
  std::vector<postgres_array> arrays_;
  std::size_t rows_ = 0;
};

/// The values of one statement, in order.
class postgres_values {
public:
  postgres_values() = default;
  template <class... Values>
    requires(sizeof...(Values) > 0)
  explicit postgres_values(const Values&... values) {
    (add(values), ...);
  }

  postgres_values& add(const postgres_columns& columns) {
    for (const auto& each : columns.arrays())
      add(each);
    return *this;
  }
  postgres_values& add(const postgres_array& array) { return set(array.text()); }
  postgres_values& add(std::nullptr_t) {
    all_.emplace_back();
    return *this;
  }
  postgres_values& add(bool value) { return set(value ? "t" : "f"); }
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  postgres_values& add(T value) {
    return set(std::to_string(static_cast<std::int64_t>(value)));
  }
  postgres_values& add(std::string_view text) { return set(std::string{text}); }
  postgres_values& add(const std::string& text) { return set(text); }
  postgres_values& add(const char* text) { return set(text); }
  postgres_values& add(store_time value) { return add(value.time_since_epoch().count()); }
  template <class T>
  postgres_values& add(const std::optional<T>& value) {
    return value ? add(*value) : add(nullptr);
  }

  const std::vector<std::optional<std::string>>& all() const noexcept { return all_; }

private:
  postgres_values& set(std::string text) {
    all_.emplace_back(std::move(text));
    return *this;
  }

  std::vector<std::optional<std::string>> all_;
};

/// What a statement has answered.
class postgres_result {
public:
  postgres_result() = default;
  explicit postgres_result(pg_result* result) noexcept : result_(result) {}

  class row {
  public:
    row(const postgres_result& of, int at) noexcept : of_(&of), at_(at) {}
    bool is_null(int column) const noexcept;
    std::string_view text(int column) const noexcept;
    std::string string(int column) const { return std::string{text(column)}; }
    std::int64_t integer(int column) const noexcept;
    std::size_t size(int column) const noexcept { return static_cast<std::size_t>(integer(column)); }
    double real(int column) const noexcept;
    bool flag(int column) const noexcept { return text(column) == "t"; }
    store_time time(int column) const noexcept {
      return store_time{std::chrono::microseconds{integer(column)}};
    }
    std::optional<store_time> maybe_time(int column) const noexcept {
      return is_null(column) ? std::nullopt : std::optional{time(column)};
    }
    /// Of a bytea.
    std::string bytes(int column) const;

  private:
    const postgres_result* of_;
    int at_;
  };

  pg_result* get() const noexcept { return result_.get(); }
  int rows() const noexcept;
  bool empty() const noexcept { return rows() == 0; }
  row at(int which) const noexcept { return {*this, which}; }
  row front() const noexcept { return at(0); }
  /// Rows that a statement has changed.
  std::size_t changed() const noexcept;

  class iterator {
  public:
    iterator(const postgres_result& of, int at) noexcept : of_(&of), at_(at) {}
    row operator*() const noexcept { return {*of_, at_}; }
    iterator& operator++() noexcept {
      ++at_;
      return *this;
    }
    bool operator!=(const iterator& other) const noexcept { return at_ != other.at_; }

  private:
    const postgres_result* of_;
    int at_;
  };
  iterator begin() const noexcept { return {*this, 0}; }
  iterator end() const noexcept { return {*this, rows()}; }

private:
  struct clear {
    void operator()(pg_result* result) const noexcept;
  };
  std::unique_ptr<pg_result, clear> result_;
};

} // namespace taskactor::detail
