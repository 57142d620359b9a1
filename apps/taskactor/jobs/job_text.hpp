/// Jobs as people and programs read them.
#pragma once

#include <taskactor/detail/json_type.hpp>
#include <taskactor/queue/job_info.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace taskactor::cli {

/// "2026-12-02T01:02:03.004005Z".
std::string utc_text(store_time at);
/// In the zone of this machine, in seconds.
std::string local_text(store_time at);

/// A text that may be no UTF-8: then its bytes are in `<name>_base64` as well.
void set_text(nlohmann::ordered_json& into, const std::string& name, std::string_view text);

/// What isn't known is left out.
nlohmann::ordered_json json_of(const job_info& what);
nlohmann::ordered_json json_of(const job_details& what);

/// A row for each job, at the time `now`.
std::string text_of(const std::vector<job_info>& jobs, store_time now, std::size_t width);
/// A line for each fact, with a name before it.
std::string text_of(const job_details& what, store_time now);
/// The words of a command, quoted for a shell; of a task its arguments as JSON.
std::string arguments_text(const job_details& what);

} // namespace taskactor::cli
