/// `service_actor`: an actor of ours that everybody depends on: while it runs, this is a `service_thread`.
#pragma once

#include "base/service_thread.hpp"
#include "caf_adapter/compat.hpp"
#include "caf_adapter/compat_ending.hpp"

#include <cstddef>

namespace taskactor::detail {

class service_actor : public detachable<ending_actor> {
  using base = detachable<ending_actor>;

public:
  using base::base;
  resume_result resume(executor* here, std::size_t most) override {
    const service_thread scope;
    return event_based_actor::resume(here, most);
  }
};

} // namespace taskactor::detail
