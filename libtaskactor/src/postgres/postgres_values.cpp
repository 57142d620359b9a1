#include "postgres/postgres_values.hpp"

#include <libpq-fe.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>

namespace taskactor::detail {

namespace {

/// How many bytes the letter has that begins there; zero: it is none. As RFC 3629 has it.
std::size_t letter_at(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
  const unsigned first = byte(at);
  if (first < 0x80)
    return first == 0 ? 0 : 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4)
    return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(at + i) & 0xc0U) != 0x80)
      return 0;
  const unsigned second = byte(at + 1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90)
      || (first == 0xf4 && second > 0x8f))
    return 0;
  return size;
}

constexpr std::string_view digits = "0123456789abcdef";

unsigned digit_of(char letter) noexcept {
  return static_cast<unsigned>(letter <= '9' ? letter - '0' : letter - 'a' + 10);
}

} // namespace

bool is_postgres_text(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const auto size = letter_at(text, at);
    if (size == 0)
      return false;
    at += size;
  }
  return true;
}

std::string postgres_text(std::string_view text) {
  if (is_postgres_text(text))
    return std::string{text};
  std::string made;
  for (std::size_t at = 0; at < text.size();) {
    const auto size = letter_at(text, at);
    if (size == 0)
      made += "\xef\xbf\xbd";
    else
      made += text.substr(at, size);
    at += size == 0 ? 1 : size;
  }
  return made;
}

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
