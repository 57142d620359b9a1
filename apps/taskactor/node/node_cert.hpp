/// `taskactor node cert`: makes an authority, and certificates of nodes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace taskactor::cli {

struct node_cert_options {
  std::filesystem::path authority;
  std::vector<std::string> names; ///< "NAME[,OTHER]..." each
  int days = 365;
  bool force = false;
};

void add_options(CLI::App& app, node_cert_options& options);

/// Prints each file that it has made. Returns an exit code: what can't be is said on standard error.
int make_certificates(const node_cert_options& options);

} // namespace taskactor::cli
