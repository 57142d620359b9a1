#include "queue/sqlite_output.hpp"

#include <algorithm>

namespace taskactor::detail {

namespace {

/// Short pieces are added to the last one.
constexpr std::int64_t output_piece = 8 * 1024;

constexpr auto kept_head = static_cast<std::int64_t>(kept_output::head_size);
constexpr auto kept_tail = static_cast<std::int64_t>(kept_output::tail_size);

struct last_piece {
  std::int64_t at = 0, size = 0;
  std::int64_t end() const noexcept { return at + size; }
};

last_piece find_last_piece(sqlite_database& db, std::int64_t job) {
  auto rows = db.query(
      "SELECT at, length(bytes) FROM main.taskactor_output WHERE job = ? ORDER BY at DESC LIMIT 1", job);
  if (!rows.next())
    return {};
  return {.at = rows.integer(0), .size = rows.integer(1)};
}

void add_piece(sqlite_database& db, std::int64_t job, last_piece& last, std::int64_t at,
               std::string_view bytes) {
  const bool is_behind_it = at == last.end() && last.size > 0 && last.size < output_piece && at != kept_head;
  if (is_behind_it) {
    db.run("UPDATE main.taskactor_output SET bytes = CAST(bytes || ? AS BLOB) WHERE job = ? AND at = ?",
           sqlite_blob{bytes}, job, last.at);
    last.size += static_cast<std::int64_t>(bytes.size());
    return;
  }
  db.run("INSERT INTO main.taskactor_output VALUES(?, ?, ?)", job, at, sqlite_blob{bytes});
  last = {.at = at, .size = static_cast<std::int64_t>(bytes.size())};
}

} // namespace

void append_output(sqlite_database& db, std::int64_t job, std::string_view bytes, std::uint64_t lost) {
  if (bytes.empty())
    return;
  auto last = find_last_piece(db, job);
  auto at = last.end() + static_cast<std::int64_t>(lost);
  if (at < kept_head) {
    const auto head = bytes.substr(0, static_cast<std::size_t>(kept_head - at));
    add_piece(db, job, last, at, head);
    bytes.remove_prefix(head.size());
    at += static_cast<std::int64_t>(head.size());
  }
  if (bytes.empty())
    return;
  const auto total = at + static_cast<std::int64_t>(bytes.size());
  if (const auto size = static_cast<std::int64_t>(bytes.size()); size > kept_tail) {
    bytes.remove_prefix(static_cast<std::size_t>(size - kept_tail));
    at = total - kept_tail;
  }
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, static_cast<std::size_t>(output_piece));
    add_piece(db, job, last, at, piece);
    bytes.remove_prefix(piece.size());
    at += static_cast<std::int64_t>(piece.size());
  }
  db.run("DELETE FROM main.taskactor_output WHERE job = ? AND at >= ? AND at + length(bytes) <= ?", job,
         kept_head, total - kept_tail);
}

kept_output read_output(sqlite_database& db, std::int64_t job) {
  kept_output kept;
  const auto total = find_last_piece(db, job).end();
  const auto tail = std::max(kept_head, total - kept_tail);
  auto rows = db.query("SELECT at, bytes FROM main.taskactor_output WHERE job = ? ORDER BY at", job);
  while (rows.next()) {
    auto bytes = rows.text(1);
    const auto at = rows.integer(0);
    if (at >= kept_head && at < tail)
      bytes.remove_prefix(std::min(bytes.size(), static_cast<std::size_t>(tail - at)));
    (at < kept_head ? kept.head : kept.tail) += bytes;
  }
  if (total > kept_head)
    kept.lost = static_cast<std::uint64_t>(tail - kept_head);
  return kept;
}

} // namespace taskactor::detail
