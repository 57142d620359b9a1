/// Writes a file whole or not at all, and tells whether one is private.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace taskactor::detail {

/// Under another name first, which is then given its own: nobody sees half of it, and a key is never readable
/// for longer than it should be. Errors: `std::system_error`, whose text names the file: also, without
/// `overwrite`, when it is there already.
void write_private_file(const std::filesystem::path& file, std::string_view content, mode_t mode,
                        bool overwrite);

/// Why it isn't a secret: others than its owner may read or write it, or its owner isn't trusted. Its group
/// may read it if it is root's, who has decided so. Empty: it may be used, or there is no such file.
std::string why_not_private(const std::filesystem::path& file);

} // namespace taskactor::detail
