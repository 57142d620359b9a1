/// `make_authority`, `make_certificate`: an authority of one's own and the certificates of nodes, for a first
/// cluster.
///
///     DIR/authority.pem      what every node is given: whose certificates are believed
///     DIR/authority.key      stays where certificates are made
///     DIR/alpha.pem          a node's certificate ...
///     DIR/alpha.key          ... and its key: both are given to this node alone
///
/// Keys are of EC P-256, without a passphrase, in files that their owner alone can read; certificates are
/// good for both ends of a link. Who has an authority of the company's already uses that.
///
/// Errors: `std::system_error`: with `errc::invalid_argument` for a name that a certificate can't have; with
/// the system's for files, one that is there already included. The text names the file.
/// Threads: any.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace taskactor {

struct certificate_options {
  std::chrono::days valid{365}; ///< from today on; from 1 to 36500
  bool overwrite = false;       ///< files that are there already
};

struct certificate_files {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

/// A new authority in a directory, which is made if it isn't there.
certificate_files make_authority(const std::filesystem::path& directory,
                                 const certificate_options& options = {.valid = std::chrono::days{3650}});
/// There is one in the directory.
bool has_authority(const std::filesystem::path& directory);

/// A new certificate by the authority in the directory. `names`: the DNS names and IP addresses that it is
/// for; the first one is the node's, and that of the files.
certificate_files make_certificate(const std::filesystem::path& directory,
                                   const std::vector<std::string>& names,
                                   const certificate_options& options = {});

} // namespace taskactor
