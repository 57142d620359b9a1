/// How long the server may take for a transaction: it waits for no lock on behalf of who has gone.
#pragma once

#include "postgres/postgres_connection.hpp"

namespace taskactor::detail {

/// To be said in a transaction, with `postgres_limits`.
inline constexpr const char* limit_statements
    = "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true), "
      "set_config('idle_in_transaction_session_timeout', $2, true)";
postgres_values postgres_limits(const postgres_options& options);
/// One statement with these limits, in a pipeline, and so in one transaction.
postgres_result run_limited(postgres_connection& connection, const char* sql, const postgres_values& values,
                            postgres_connection::clock::time_point until);

} // namespace taskactor::detail
