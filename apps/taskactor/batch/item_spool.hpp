/// Items that are kept, so that they can be read twice: in a file without a name, in the folder for
/// temporary files.
#pragma once

#include <memory>

namespace taskactor::cli {

class batch_digest;
class item_source;
class run_control;
struct run_options;

/// Reads all of `from`, and gives it again; they are added to `digest`. Errors: `unreadable_items`;
/// `stopped_early`; `std::system_error`: they can't be kept.
std::unique_ptr<item_source> keep_items(item_source& from, batch_digest& digest, const run_options& options,
                                        run_control& control);

} // namespace taskactor::cli
