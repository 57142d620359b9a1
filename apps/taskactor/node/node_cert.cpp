#include "node/node_cert.hpp"

#include "cli/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <taskactor/errc.hpp>
#include <taskactor/node/certificates.hpp>

#include <iostream>
#include <system_error>

namespace taskactor::cli {

namespace {

constexpr int longest = 36500; // days

void print(const certificate_files& made) {
  std::cout << made.certificate.string() << '\n' << made.key.string() << '\n';
}

} // namespace

void add_options(CLI::App& app, node_cert_options& options) {
  app.description("Makes an authority in a directory, if it has none, and the certificates of nodes\n"
                  "by it, for a first cluster. Each NAME is a node: a DNS name, with others and IP\n"
                  "addresses behind commas that it can be called by as well. A node is given\n"
                  "authority.pem, NAME.pem and NAME.key; authority.key stays where certificates are\n"
                  "made.");
  app.footer("Example:\n  taskactor node cert --authority ca alpha beta,beta.example,10.0.0.7\n\n"
             "Exit codes:\n  0  all was made; the files are on standard output\n"
             "  1  a file can't be read or written, or is there already\n  2  bad usage, or a name that a "
             "certificate can't have");
  app.get_formatter()->label("OPTIONS", "OPTION");
  app.add_option("--authority", options.authority, "Where the authority is, and what it makes")
      ->type_name("DIR")
      ->required();
  app.add_option("--days", options.days, "A certificate is valid for so long (365)")
      ->type_name("N")
      ->check(CLI::Range(1, longest).description(""));
  app.add_flag("--force", options.force, "Replace certificates, but never the authority");
  app.add_option("NAME", options.names, "A node, and what else it can be called by")->type_name("");
}

int make_certificates(const node_cert_options& options) {
  try {
    if (!has_authority(options.authority))
      print(make_authority(options.authority));
    for (const auto& each : options.names)
      print(make_certificate(options.authority, CLI::detail::split(each, ','),
                             {.valid = std::chrono::days{options.days}, .overwrite = options.force}));
  } catch (const std::system_error& error) {
    std::cout.flush();
    std::cerr << "taskactor node cert: " << error.what() << '\n';
    return error.code() == errc::invalid_argument ? bad_usage : some_failed;
  }
  return std::cout.flush() ? all_completed : output_unwritable;
}

} // namespace taskactor::cli
