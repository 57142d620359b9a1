/// The name in a certificate's file: by which others know who shows it.
#pragma once

#include <filesystem>
#include <string>

namespace taskactor::detail {

/// The first DNS name, else the common name. Errors: `std::system_error{errc::invalid_argument}`, which names
/// the file.
std::string certificate_name(const std::filesystem::path& file);

} // namespace taskactor::detail
