/// What of CAF's networking differs between 0.17 and 1.x: its module is to be loaded, and its types have to
/// have their numbers, before there is an actor system.
#pragma once

#include "caf_adapter/compat.hpp"

#include <caf/io/middleman.hpp>
#include <caf/io/system_messages.hpp>

#include <cstddef>
#include <string_view>

#if !TASKACTOR_CAF_0
#include <caf/init_global_meta_objects.hpp>
#endif

namespace taskactor::detail {

/// Its poller tells again of what is left; to find out that nothing is left would be a system call for each
/// frame.
inline constexpr std::size_t reads_in_a_row = 1;

#if TASKACTOR_CAF_0
inline void configure_io(caf::actor_system_config& config) {
  config.set("scheduler.max-threads", std::size_t{1});
  config.set("scheduler.policy", caf::atom("sharing")); // the other one looks for work that there never is
  config.load<caf::io::middleman>();                    // first: it brings the names of what follows
  config.set("middleman.workers", std::size_t{0});
  config.set("middleman.max-consecutive-reads", reads_in_a_row);
}
#else
inline void register_io() {
  static const bool once
      = (caf::core::init_global_meta_objects(), caf::io::middleman::init_global_meta_objects(), true);
  static_cast<void>(once);
}
inline const bool io_registered = (register_io(), true);

inline void configure_io(caf::actor_system_config& config) {
  config.set("caf.scheduler.max-threads", std::size_t{1});
  config.set("caf.scheduler.policy", "sharing");
  config.load<caf::io::middleman>();
  config.set("caf.middleman.workers", std::size_t{0});
  config.set("caf.middleman.max-consecutive-reads", reads_in_a_row);
}
#endif

inline std::string_view bytes_of(const caf::io::new_data_msg& data) {
  return {reinterpret_cast<const char*>(data.buf.data()), data.buf.size()};
}

} // namespace taskactor::detail
