/// What each work is on taskactor. One file each, beside this one.
#pragma once

#include "sample.hpp"

#include <cstddef>

namespace bench {

sample run_add(std::size_t size, std::size_t scheduler_threads);
sample run_gather(std::size_t size, std::size_t scheduler_threads);
sample run_sleep(std::size_t size, std::size_t scheduler_threads);
sample run_thread(std::size_t size, std::size_t scheduler_threads);
sample run_process(std::size_t size, std::size_t scheduler_threads);
sample run_roundtrip(std::size_t size, std::size_t scheduler_threads);
sample run_cold(std::size_t size, std::size_t scheduler_threads);
sample run_cancel(std::size_t size, std::size_t scheduler_threads);
sample run_tree(std::size_t size, std::size_t scheduler_threads);
sample run_memory(std::size_t size, std::size_t scheduler_threads);
sample run_latency(std::size_t size, std::size_t scheduler_threads);
sample run_callback(std::size_t size, std::size_t scheduler_threads);
sample run_channel(std::size_t size, std::size_t scheduler_threads);
sample run_fds(std::size_t size, std::size_t scheduler_threads);
sample run_http(std::size_t size, std::size_t scheduler_threads);
sample run_queue(std::size_t size, std::size_t scheduler_threads);
sample run_queue_single(std::size_t size, std::size_t scheduler_threads);
sample run_queue_latency(std::size_t size, std::size_t scheduler_threads);
sample run_queue_across(std::size_t size, std::size_t scheduler_threads);
sample run_queue_poll(std::size_t size, std::size_t scheduler_threads);
sample run_queue_big(std::size_t size, std::size_t scheduler_threads);
sample run_postgres(std::size_t size, std::size_t scheduler_threads);
sample run_postgres_brief(std::size_t size, std::size_t scheduler_threads);
sample run_postgres_one(std::size_t size, std::size_t scheduler_threads);
sample run_postgres_big(std::size_t size, std::size_t scheduler_threads);
sample run_postgres_pinned(std::size_t size, std::size_t scheduler_threads);
sample run_triggers(std::size_t size, std::size_t scheduler_threads);
sample run_schedules(std::size_t size, std::size_t scheduler_threads);
sample run_queue_schedules(std::size_t size, std::size_t scheduler_threads);
sample run_commands(std::size_t size, std::size_t scheduler_threads);
sample run_growth(std::size_t size, std::size_t scheduler_threads);
sample run_cancel_growth(std::size_t size, std::size_t scheduler_threads);
sample run_fds_growth(std::size_t size, std::size_t scheduler_threads);
sample run_steady(std::size_t size, std::size_t scheduler_threads);

/// How many calls fib(n) is, each of which is a task in `run_tree`.
std::size_t nodes_of_fib(std::size_t n);
/// How many descriptors `run_fds` awaits: as many as this process may open.
std::size_t descriptors_of(std::size_t size);

} // namespace bench
