/// What a job has written: its head and its tail (`kept_output`), in pieces of some KiB.
#pragma once

#include "queue/job_moves.hpp"
#include "queue/sqlite_database.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace taskactor::detail {

/// `lost`: so many before these bytes that nobody has kept; then there are enough of these for a tail.
void append_output(sqlite_database& db, std::int64_t job, std::string_view bytes, std::uint64_t lost = 0);
kept_output read_output(sqlite_database& db, std::int64_t job);

} // namespace taskactor::detail
