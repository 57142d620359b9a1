/// A part of a higher layer that lives in the runtime: made when first needed, ended with it.
#pragma once

#include <taskactor/manager_options.hpp>

namespace taskactor::detail {

class attachment {
public:
  virtual ~attachment() = default;
  virtual void stop() noexcept = 0;
  virtual void add_to(manager_statistics& into) const = 0;
};

} // namespace taskactor::detail
