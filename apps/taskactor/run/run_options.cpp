#include "run/run_options.hpp"

#include "cli/quantity.hpp"
#include "cli/store_address.hpp"
#include "cli/text.hpp"
#include "run/completed_items.hpp"
#include "run/run_help.hpp"

#include <CLI/CLI.hpp>
#include <taskactor/processors.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>

namespace taskactor::cli {

namespace {

using std::chrono::nanoseconds;

constexpr std::size_t most_jobs_allowed = std::size_t{1} << 20;
constexpr std::size_t longest_batch_name = 150; // of a queue it is 200

/// An option with a duration. `set` gets what was parsed.
CLI::Option* add_duration(CLI::App& verb, const char* name, bool may_be_zero,
                          std::function<void(nanoseconds)> set, const char* help) {
  const auto read = [name, may_be_zero, set = std::move(set)](const std::string& text) {
    const auto value = parse_duration(text);
    if (!value || (!may_be_zero && value->count() == 0))
      throw CLI::ValidationError{std::string{name}, '"' + text + "\" is not a time"
                                                        + (may_be_zero ? "" : " above zero")
                                                        + "; write 90, 1.5s, 500ms, 2m or 1h"};
    set(*value);
  };
  return verb.add_option_function<std::string>(name, read, help)->type_name("TIME");
}

template <class Size>
void add_size(CLI::App& verb, const char* name, Size& into, const char* help) {
  const auto read = [name, &into](const std::string& text) {
    const auto value = parse_size(text);
    if (!value || *value == 0)
      throw CLI::ValidationError{std::string{name},
                                 '"' + text + "\" is not a size above zero; write 4096, 64K, 16M or 1G"};
    into = *value;
  };
  verb.add_option_function<std::string>(name, read, help)->type_name("SIZE");
}

void add_rate(CLI::App& verb, const char* name, std::optional<rate>& into, const char* help) {
  const auto read = [name, &into](const std::string& text) {
    into = parse_rate(text);
    if (!into)
      throw CLI::ValidationError{std::string{name},
                                 '"' + text + "\" is not a rate above zero; write 100/s, 30/m or 1/10s"};
  };
  verb.add_option_function<std::string>(name, read, help)->type_name("N/TIME");
}

void add_jobs(CLI::App& verb, run_options& into) {
  const auto read = [&into, processors = into.jobs](const std::string& text) {
    const auto value = parse_jobs(text, processors);
    if (!value || *value > most_jobs_allowed)
      throw CLI::ValidationError{"--jobs",
                                 '"' + text
                                     + "\" is not a number of commands; write 8, 0 (as many as possible), "
                                       "+2, -1 or 50% (of the processors)"};
    into.jobs = *value;
    into.jobs_asked = true;
  };
  verb.add_option_function<std::string>(
          "-j,--jobs", read,
          "Run N at once (default: one per processor;\n0: as many as possible; +N, -N, "
          "N%: more or\nfewer than processors)")
      ->type_name("N");
}

void add_input(CLI::App& verb, run_options& into) {
  verb.add_option("-a,--arg-file", into.arg_file,
                  "Read items from FILE, not from standard input\n(the same: `:::: FILE` at the end)")
      ->type_name("FILE")
      ->group("Items");
  verb.add_flag("-0,--null", into.null, "Items end with a NUL, not with a newline")->group("Items");
  verb.add_option("--resume", into.former.resume,
                  "Skip what was completed in a former run with\n--report FILE")
      ->type_name("FILE")
      ->group("Items");
  const auto set_store = [&into](const std::string& file) { into.former.store = file; };
  verb.add_option_function<std::string>(
          "--store", set_store,
          "Write items and ends into a store, a file or\npostgresql://..., so that the same command line\n"
          "goes on after a crash (default: that of\n`taskactor push`)")
      ->expected(0, 1)
      ->type_name("[=STORE]")
      ->group("Items");
  const auto set_batch = [&into](const std::string& name) {
    into.former.batch = name;
    into.former.batch_asked = true;
  };
  verb.add_option_function<std::string>(
          "--batch", set_batch,
          "With --store: the name of what is to be gone\non with (default: made of command and items)")
      ->type_name("NAME")
      ->group("Items");
  verb.add_flag("--again", into.former.again, "With --store: begin anew, whatever was done")->group("Items");
}

void add_running(CLI::App& verb, run_options& into) {
  verb.option_defaults()->group("Running");
  into.jobs = usable_processors();
  add_jobs(verb, into);
  add_duration(
      verb, "--timeout", false, [&into](auto value) { into.timeout = value; },
      "End a command that runs longer");
  add_duration(
      verb, "--total-timeout", false, [&into](auto value) { into.total_timeout = value; },
      "Start none after this, and end those that run");
  add_duration(
      verb, "--grace", true, [&into](auto value) { into.grace = value; },
      "From TERM to KILL for a command that is to\nend (default: 5s; 0: KILL at once)");
  add_duration(
      verb, "--jitter", true, [&into](auto value) { into.jitter = value; },
      "Wait a random time below this before each");
  verb.add_option("--retries", into.retries, "Run a command that failed again, N times at\nmost (default: 0)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{0}, std::size_t{1} << 20).description(""));
  add_duration(
      verb, "--backoff", true, [&into](auto value) { into.backoff = value; },
      "Wait so long before the first retry, and\ntwice as long before each further (default: 1s)");
  add_rate(verb, "--rate", into.starts, "Start at most N in each TIME, evenly: 100/s,\n30/m, 1/10s");
  add_size(verb, "--memory", into.memory, "Limit each process of a command to SIZE of\nmemory of its own");
  verb.add_option("--nice", into.niceness, "Lower the commands' priority by N, 0 to 19")
      ->type_name("N")
      ->check(CLI::Range(0, 19).description(""));
  verb.add_flag("--fail-fast", into.fail_fast,
                "At the first that fails start no more, and\ncancel those that run");
  verb.add_option("-I", into.words.whole,
                  "REPL stands for the item in CMD, in place of\n{}, which is text then")
      ->type_name("REPL");
  verb.add_flag("--shell", into.words.shell,
                "Have /bin/sh read the command; items are\nnever part of what it reads");
  verb.add_flag("-o,--tty", into.tty,
                "Give the terminal to the command, one at a\ntime: it reads it, and prints there");
  verb.add_flag("--dry-run", into.dry_run,
                "Print the commands, quoted for a shell; run\nnone, write no files");
}

void add_output(CLI::App& verb, run_options& into) {
  verb.option_defaults()->group("Output");
  auto* order = verb.add_flag("-k,--keep-order", into.keep_order, "Outputs in the order of the items");
  auto* lines = verb.add_flag("--line-buffer", into.line_buffer,
                              "Print each line at once, in place of each\ncommand's output at its end");
  auto* folder = verb.add_option("--output", into.output_folder,
                                 "Write outputs to DIR/<number>.out and .err,\nnumbered as {#}")
                     ->type_name("DIR");
  lines->excludes(order)->excludes(folder);
  add_size(verb, "--capture-limit", into.capture_limit,
           "Bytes kept of each command's output, and as\nmany of its errors (default: 64M)");
  verb.add_option("--report", into.report, "Write a line of JSON to FILE for each command")
      ->type_name("FILE");
  verb.add_option("--joblog", into.joblog,
                  "Write a line to FILE for each command, in the\nformat of GNU parallel's --joblog")
      ->type_name("FILE");
}

void add_messages(CLI::App& verb, run_options& into) {
  verb.option_defaults()->group("Messages");
  // Not bound to the field: CLI11 would set that to false at once.
  const auto set_progress = [&into](std::int64_t count) { into.progress = count > 0; };
  verb.add_flag_function("--progress,!--no-progress", set_progress,
                         "Say how far it is (default: on a terminal)");
  verb.add_flag("-q,--quiet", into.quiet, "No progress, no summary: only errors");
  verb.add_option("--log-level", into.log_level,
                  "What the runtime logs: debug, info, warn\n(retries, too), error (default) or off;\n"
                  "without it, as TASKACTOR_LOG says")
      ->type_name("LEVEL")
      ->envname("TASKACTOR_LOG")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(log_levels), std::end(log_levels)))
                  .description(""));
}

/// How many of the arguments from `at` on are an option of the verb and its value; 0: a command begins there.
std::size_t option_length(const CLI::App& verb, const std::vector<std::string>& arguments, std::size_t at) {
  const std::string_view text = arguments[at];
  if (text.size() < 2 || text.front() != '-')
    return 0;
  const auto takes_value = [&](const std::string& name) {
    const auto* option = verb.get_option_no_throw(name);
    return option && option->get_items_expected_min() > 0;
  };
  if (text.starts_with("--"))
    return text.find('=') == text.npos && takes_value(arguments[at]) ? 2 : 1;
  for (std::size_t i = 1; i < text.size(); ++i) // -kj4, -kj 4
    if (takes_value({'-', text[i]}))
      return i + 1 == text.size() ? 2 : 1;
  return 1;
}

/// What begins a list of items, in GNU parallel too: a list of its own, one linked with the list before.
bool is_separator(const std::string& word) {
  return word == ":::" || word == "::::" || word == ":::+" || word == "::::+";
}

/// "-j -1" would be two options to the parser.
void join_negative_jobs(std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    auto& option = arguments[i];
    const auto& value = arguments[i + 1];
    const bool is_short
        = option.size() > 1 && option.front() == '-' && option[1] != '-' && option.back() == 'j';
    if ((option != "--jobs" && !is_short) || value.size() < 2 || value.front() != '-' || value[1] < '0'
        || value[1] > '9')
      continue;
    option += (is_short ? "" : "=") + value;
    arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

[[noreturn]] void refuse(const std::string& why) { throw CLI::ValidationError{why}; }

bool is_bad_name(const std::string& name) {
  return name.empty() || name.size() > longest_batch_name || !is_utf8(name)
         || std::any_of(name.begin(), name.end(),
                        [](char each) { return static_cast<unsigned char>(each) < ' ' || each == '\x7f'; });
}

/// What is about a run with a store.
void check_durable(const run_options& options) {
  if (!options.former.store) {
    if (options.former.batch_asked)
      refuse("--batch is the name of a run that goes on after a crash: say --store, too");
    if (options.former.again)
      refuse("--again is about a run that goes on after a crash: say --store, too");
    return;
  }
  if (has_password(*options.former.store))
    refuse(std::string{"--store: "} + password_advice);
  if (options.former.batch_asked && is_bad_name(options.former.batch))
    refuse("--batch: a name has 1 to " + std::to_string(longest_batch_name)
           + " bytes of text, without control characters");
  if (!options.former.resume.empty())
    refuse("--store and --resume both say what was done before; --store alone goes on with its own run");
  // A word that may be meant as the store, as other verbs have it, would be run.
  if (options.former.store_is_last && options.former.store->empty() && !options.command.empty()) {
    const auto& word = options.command.front();
    if (is_server(word)) // it may have a password in it, so that it isn't repeated
      refuse("is the address behind --store the store, or the command? Write --store=postgresql://..., or "
             "--store -- postgresql://...");
    const bool is_file = word.ends_with(".db") || word.ends_with(".sqlite");
    const bool before_dashes = options.command.size() > 1 && options.command[1] == "--";
    if (is_file || before_dashes)
      refuse("is \"" + word + "\" the store, or the command? Write --store=" + word + ", or --store -- "
             + word);
  }
}

} // namespace

void add_options(CLI::App& verb, run_options& into) {
  verb.set_help_flag("-h,--help", "Print this help")->group("Messages");
  verb.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  add_input(verb, into);
  add_running(verb, into);
  add_output(verb, into);
  add_messages(verb, into);
  set_help(verb);
}

void take_command(const CLI::App& verb, std::vector<std::string>& arguments, run_options& into) {
  std::size_t begin = 0;
  while (begin < arguments.size() && arguments[begin] != "--") {
    const auto length = option_length(verb, arguments, begin);
    if (length == 0)
      break;
    into.former.store_is_last = arguments[begin] == "--store";
    begin += length;
  }
  begin = std::min(begin, arguments.size());
  const bool dashes = begin < arguments.size() && arguments[begin] == "--";
  into.former.store_is_last = into.former.store_is_last && !dashes;
  const auto from = arguments.begin() + static_cast<std::ptrdiff_t>(begin);
  const auto colons = std::find_if(from, arguments.end(), is_separator);
  into.command.assign(from + (dashes ? 1 : 0), colons);
  if (colons != arguments.end()) {
    into.separator = *colons;
    into.items.emplace(colons + 1, arguments.end());
  }
  arguments.erase(from, arguments.end());
  join_negative_jobs(arguments);
}

void check(run_options& options) {
  check_durable(options);
  if (options.tty) {
    if (options.jobs_asked && options.jobs != 1)
      refuse("--tty is for one command at a time, not for --jobs " + std::to_string(options.jobs));
    if (options.line_buffer || !options.output_folder.empty())
      refuse("--tty leaves the command's output to it: no --line-buffer, no --output");
    options.jobs = 1;
  }
  if (options.command.empty())
    refuse("no command; say `taskactor run [OPTION]... [--] CMD [ARG]...`");
  if (options.command.front().empty())
    refuse("the command's name is empty");
  if (options.items && !options.arg_file.empty())
    refuse("items come from ::: or from --arg-file, not from both");
  if (options.items && options.null)
    refuse("--null is about items that are read; those after ::: are separate already");
  if (!options.joblog.empty() && !options.report.empty() && same_file(options.joblog, options.report))
    refuse("--report and --joblog are one file");
  try {
    const command_template tried{options.command, options.words};
  } catch (const bad_template& error) {
    refuse(error.what());
  }
  if (options.separator.ends_with('+'))
    refuse(options.separator + ": lists of items are not linked; there is one, after `:::` or `::::`");
  if (!options.items)
    return;
  if (const auto more = std::find_if(options.items->begin(), options.items->end(), is_separator);
      more != options.items->end())
    refuse(*more == ":::" && options.separator == ":::"
               ? "more than one :::; combinations of several lists are not made"
               : "both " + options.separator + " and " + *more
                     + ": combinations of several lists are not made");
  if (options.separator == "::::") {
    if (options.items->size() != 1)
      refuse("`::::` takes one file; combinations of several lists are not made");
    options.arg_file = options.items->front();
    options.items.reset();
  }
}

} // namespace taskactor::cli
