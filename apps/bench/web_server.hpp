/// The server that the work `http` asks: nginx on this machine, with a body of 1 KiB, over connections that
/// are kept.
///
/// One for all sides and samples. They learn of it by the environment variable TASKACTOR_BENCH_URL; who has
/// set that measures against another server.
#pragma once

#include <memory>
#include <string>

namespace bench {

/// What a body has.
inline constexpr std::size_t web_body_size = 1024;

/// It ends with what this gives, which is nothing if there is one already. Errors: `std::runtime_error`. For
/// the main thread alone.
std::shared_ptr<void> make_web_server();
/// Of the body. Errors: `std::runtime_error` when there is no server.
std::string web_url();

} // namespace bench
