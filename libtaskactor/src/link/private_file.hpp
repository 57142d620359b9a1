/// Writes a file whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>

#include <sys/types.h>

namespace taskactor::detail {

/// Under another name first, which is then given its own: nobody sees half of it, and a key is never readable
/// for longer than it should be. Errors: `std::system_error`, whose text names the file: also, without
/// `overwrite`, when it is there already.
void write_private_file(const std::filesystem::path& file, std::string_view content, mode_t mode,
                        bool overwrite);

} // namespace taskactor::detail
