#include "postgres/postgres_values.hpp"

#include <libpq-fe.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>

namespace taskactor::detail {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

unsigned digit_of(char letter) noexcept {
  return static_cast<unsigned>(letter <= '9' ? letter - '0' : letter - 'a' + 10);
}

} // namespace

std::string postgres_hex(std::string_view bytes) {
  std::string made{"\\x"};
  made.reserve(2 + 2 * bytes.size());
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    made += digits[byte >> 4U];
    made += digits[byte & 15U];
  }
  return made;
}

void postgres_array::add(double value) {
  std::array<char, 40> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  add(std::string_view{text.data(), static_cast<std::size_t>(end - text.data())});
}

void postgres_array::add(std::string_view text) {
  auto& into = begin();
  into += '"';
  for (const char each : text) {
    if (each == '"' || each == '\\')
      into += '\\';
    into += each;
  }
  into += '"';
}

void postgres_array::add(postgres_bytes value) { add(postgres_hex(value.bytes)); }

// -- results ----------------------------------------------------------------

void postgres_result::clear::operator()(pg_result* result) const noexcept { ::PQclear(result); }

int postgres_result::rows() const noexcept { return result_ ? ::PQntuples(result_.get()) : 0; }

std::size_t postgres_result::changed() const noexcept {
  return result_ ? static_cast<std::size_t>(std::strtoull(::PQcmdTuples(result_.get()), nullptr, 10)) : 0;
}

bool postgres_result::row::is_null(int column) const noexcept {
  return ::PQgetisnull(of_->result_.get(), at_, column) != 0;
}

std::string_view postgres_result::row::text(int column) const noexcept {
  return {::PQgetvalue(of_->result_.get(), at_, column),
          static_cast<std::size_t>(::PQgetlength(of_->result_.get(), at_, column))};
}

std::int64_t postgres_result::row::integer(int column) const noexcept {
  const auto from = text(column);
  std::int64_t value = 0;
  std::from_chars(from.data(), from.data() + from.size(), value);
  return value;
}

double postgres_result::row::real(int column) const noexcept {
  const auto from = text(column);
  double value = 0;
  std::from_chars(from.data(), from.data() + from.size(), value);
  return value;
}

std::string postgres_result::row::bytes(int column) const {
  const auto hex = text(column);
  std::string made;
  if (!hex.starts_with("\\x")) { // bytea_output = escape: \\ and \ooo
    for (std::size_t at = 0; at < hex.size(); ++at)
      if (hex[at] != '\\' || at + 1 == hex.size()) {
        made += hex[at];
      } else if (hex[at + 1] == '\\' || at + 3 >= hex.size()) {
        made += hex[++at];
      } else {
        made += static_cast<char>(digit_of(hex[at + 1]) << 6U | digit_of(hex[at + 2]) << 3U
                                  | digit_of(hex[at + 3]));
        at += 3;
      }
    return made;
  }
  made.reserve(hex.size() / 2);
  for (std::size_t at = 2; at + 1 < hex.size(); at += 2)
    made += static_cast<char>(digit_of(hex[at]) << 4U | digit_of(hex[at + 1]));
  return made;
}

} // namespace taskactor::detail
