/// The verbs of jobs in a store.
#pragma once

#include "shell/option_table.hpp"

#include <string>
#include <vector>

namespace taskactor::cli {

int run_push(std::vector<std::string> arguments);
int run_work(std::vector<std::string> arguments);
int run_jobs(std::vector<std::string> arguments);
int run_job(std::vector<std::string> arguments);
int run_log(std::vector<std::string> arguments);
int run_wait(std::vector<std::string> arguments);
int run_retry(std::vector<std::string> arguments);
/// Of jobs; with `--node` a node's task.
int run_cancel_of_jobs(std::vector<std::string> arguments);
int run_delete(std::vector<std::string> arguments);
int run_pause(std::vector<std::string> arguments);
int run_resume(std::vector<std::string> arguments);
int run_limit(std::vector<std::string> arguments);
/// Of a store; with `--node` a node's tasks.
int run_status_of_store(std::vector<std::string> arguments);
int run_store(std::vector<std::string> arguments);
int run_schedule(std::vector<std::string> arguments);
int run_schedule_add(std::vector<std::string> arguments);
int run_schedule_list(std::vector<std::string> arguments);
int run_schedule_preview(std::vector<std::string> arguments);
int run_schedule_pause(std::vector<std::string> arguments);
int run_schedule_resume(std::vector<std::string> arguments);
int run_schedule_run(std::vector<std::string> arguments);
int run_schedule_delete(std::vector<std::string> arguments);

/// What completions and the manual say of these; `cancel` and `status` with what they take for nodes.
std::vector<verb_entry> queue_verb_table();

} // namespace taskactor::cli
