#include "run_help.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

namespace taskactor::cli {

namespace {

constexpr const char* groups[] = {"Items", "Running", "Output", "Messages"};

constexpr const char* usage = R"(
Usage: taskactor run [OPTION]... [--] CMD [ARG | {}]... [::: ITEM...]

Runs CMD once for each item, many at a time. Items are the lines of standard
input, or of a file, or the arguments after `:::`. In CMD and its arguments

  {}  is the item          {#}  its number, from 1
  {.} without extension    {/}  its last part, without folders
  {//} its folder          {/.} its last part without extension

and without any of these the item is the last argument. No shell sees the
command, unless --shell asks for it. Commands read /dev/null.
)";

constexpr const char* footer = R"(
TIME is in seconds, or has a unit: 500ms, 1.5s, 2m, 1h. SIZE: 4096, 64K, 16M.

Outputs: what a command prints comes out at its end in one piece, its standard
output on standard output, its errors on standard error, never mixed with
another's. A command that prints more than --capture-limit is cut there, and
counts as failed; with --line-buffer nothing is kept, so nothing is cut (lines
above 1M come in pieces). What a command had printed before it was ended early
is kept as well, unless it was killed by Ctrl-C.
When outputs wait to be written (--keep-order, a slow reader), no more items
are taken than 64M of them can be kept for.

Report: each line is an object with number, item, command, state (completed,
failed, cancelled, timed_out), exit_code, signal, started, ended, seconds and
error; item_base64 too when the item isn't UTF-8. Commands that were never
started have no line.

Ctrl-C once: no more are started, those that run go on to their end. Twice:
these are cancelled (TERM to their process groups, KILL after --grace). Three
times: they are killed. TERM and HUP to taskactor are like Ctrl-C twice.

Exit codes:
  0    all commands were completed: each returned 0
  1    some failed: they returned another code, or a signal ended them
  2    bad usage; nothing was run
  3    none failed, but time was up for some (--timeout, --total-timeout)
  4    the items could not be read
  5    outputs or the report could not be written; the run was ended
  126  CMD can't be executed
  127  CMD was not found; the run was ended at its first item
  130  interrupted by Ctrl-C (129: by HUP, 143: by TERM)
  141  nobody reads standard output any more; the run was ended

Examples:
  find . -name '*.png' | taskactor run -- optipng -quiet {}
  find . -name '*.c' -print0 | taskactor run -0 -k -- wc -l
  taskactor run -j8 --timeout 30s --report r.jsonl -a urls -- curl -sSO {}
  taskactor run --shell 'gzip -c {} > {.}.gz' ::: *.txt
  taskactor run --dry-run convert {} {.}.jpg ::: *.tif
  jq -r 'select(.state != "completed") | .item' r.jsonl    # what to do again
)";

class layout final : public CLI::Formatter {
public:
  layout() { column_width(25); }
  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    std::string result = usage + 1;
    for (const std::string group : groups) {
      const auto belongs = [&](const CLI::Option* option) { return option->get_group() == group; };
      result += make_group(group, false, app->get_options(belongs));
    }
    return result + footer;
  }
  std::string make_option_name(const CLI::Option* option, bool) const override {
    auto name = option->get_name(false, true);
    if (const auto at = name.find("{false}"); at != name.npos) // how CLI11 writes that a flag negates
      name.erase(at, 7);
    return name;
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_name().empty() ? std::string{} : ' ' + option->get_type_name();
  }
};

} // namespace

void set_help(CLI::App& verb) { verb.formatter(std::make_shared<layout>()); }

} // namespace taskactor::cli
