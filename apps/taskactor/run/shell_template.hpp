/// A command for /bin/sh that no item can break out of.
///
///     gzip -c {} > "{.}.gz"     becomes     /bin/sh -c 'taskactor_item=${1}; taskactor_stem=${2};
///                                           gzip -c "${taskactor_item}" > "${taskactor_stem}.gz"' sh {} {.}
///
/// Items never become part of the script: they are its positional parameters, kept in variables, which a
/// shell expands but doesn't parse again, whatever is in them, and whatever the script does to its
/// parameters. The script is read as sh reads it, so that an item stays one word wherever it stands: in
/// quotes, `$(...)`, backquotes, here-documents. Where a shell would evaluate the item, or takes what stands
/// there as text, and behind what isn't followed, a place is refused. Only what the script itself hands to a
/// second reading (eval, ssh, a sh -c of its own, `[[ -eq ]]` of a sh that has it) is read once more.
#pragma once

#include "run/command_template.hpp"

#include <vector>

namespace taskactor::cli {

/// Errors: `bad_template`, which names the place and says why it can't stand there.
std::vector<std::vector<piece>> shell_template(const std::vector<std::vector<piece>>& words);

} // namespace taskactor::cli
