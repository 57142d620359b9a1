/// What the manager knows of a gather: its items by their index. Not for users.
#pragma once

#include <taskactor/detail/record.hpp>

#include <cstddef>
#include <string>

namespace taskactor::detail {

/// Threads: any.
class item_batch : public operation {
public:
  /// The items' ids are this, a slash and their index.
  virtual const std::string& batch_id() const noexcept = 0;
  /// Behind a shield of a parent, which a shutdown doesn't reach.
  virtual bool shielded() const noexcept = 0;
  /// No further item starts.
  virtual void close(end_reason why) noexcept = 0;
  /// What runs that item now, or null.
  virtual ref<record> find_item(std::size_t index) const = 0;
  virtual cancel_reply cancel_item(std::size_t index) = 0;
};

} // namespace taskactor::detail
