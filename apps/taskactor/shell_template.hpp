/// A command for /bin/sh that no item can break out of.
///
///     gzip -c {} > "{.}.gz"     becomes     /bin/sh -c 'gzip -c "${1}" > "${2}.gz"' sh {} {.}
///
/// Items never become part of the script: they are its positional parameters, which a shell expands but
/// doesn't parse again, whatever is in them. The script's own quotes are followed, so that an item stays one
/// word in all of them. Only what the script itself hands to a second reading (eval, ssh, a sh -c of its own)
/// is read once more.
#pragma once

#include "command_template.hpp"

#include <vector>

namespace taskactor::cli {

std::vector<std::vector<piece>> shell_template(const std::vector<std::vector<piece>>& words);

} // namespace taskactor::cli
