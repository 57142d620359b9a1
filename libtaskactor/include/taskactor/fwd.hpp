/// Every public name of taskactor, declared. Include it where a pointer or a reference is all that is needed.
#pragma once

#include <cstdint>

namespace taskactor {

enum class errc;
enum class state : std::uint8_t;
enum class end_reason : std::uint8_t;
enum class cancel_reply : std::uint8_t;
enum class limiter_kind : std::uint8_t;
enum class event_kind : std::uint8_t;
enum class log_level : std::uint8_t;
enum class output_stream : std::uint8_t;
enum class when_down : std::uint8_t;
enum class restart_policy : std::uint8_t;
enum class service_kind : std::uint8_t;
enum class service_state : std::uint8_t;
enum class restart_strategy : std::uint8_t;

class child_spec;
class command_stream;
class descriptor;
class failure;
class gather_end;
class permit;
class retry_requested;
class service;
class service_start;
class started_command;
class supervisor;
class group_error;
class observer;
class subscription;
class task_manager;
class task_error;
class task_group;
class time_span;
class timeout_error;

struct backoff;
struct cancelled_error;
struct child_options;
struct command_options;
struct command_result;
struct task_event;
struct explanation;
struct gather_options;
struct attempt_info;
struct limit;
struct limiter_options;
struct limiter_statistics;
struct rate;
struct retry;
struct manager_options;
struct manager_statistics;
struct progress;
struct rejection;
struct restart_limit;
struct service_info;
struct shutdown_options;
struct shutdown_report;
struct supervisor_options;
struct supervisor_statistics;
struct task_info;
struct task_options;
struct wait_info;

template <class T>
class async_generator;
template <class T>
class expected;
template <class T>
class handle;
template <class T>
class outcome;
template <class T>
class task;

} // namespace taskactor
