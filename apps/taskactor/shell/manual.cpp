#include "shell/manual.hpp"

#include "run/run_text.hpp"
#include "shell/option_table.hpp"

#include <taskactor/named_program.hpp>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace taskactor::cli {

namespace {

/// Of the last change of what the page says.
constexpr std::string_view date = "2026-12-02";

constexpr std::size_t longest_line = 78;

constexpr std::string_view intro
    = R"(taskactor runs each command as a task on actors: under a limit of how many
run at once, with deadlines and cancellation that reach all processes of a command, and with an account of what
became of each. The library of the same name does this for programs in C++.)";

constexpr std::string_view named_note
    = R"(taskactor list and taskactor call are for libraries of tasks: shared objects that are linked with the
shared libtaskactor, and register functions by name. Each JSON is one argument of the task: a number, a string in
quotes, an array, an object, true, false or null. A call that runs in a process runs in another taskactor.

The program taskactor-worker serves programs that have their tasks in such libraries, and don't want to be
their own workers: taskactor-worker --help.)";

constexpr std::string_view nodes_note
    = R"(Nodes believe one another by certificates. taskactor node cert makes them for a first cluster: an
authority in DIR, if there is none, and for each NAME a certificate and a key, in files of this name. A NAME is a
DNS name, with others and IP addresses behind commas that the node can be called by as well. A node is given
authority.pem, and its own two files; the key of the authority, authority.key, stays where certificates are made.)";

constexpr std::string_view jobs_note
    = R"(A job is a command, or a task by its name, that is written into a store before it runs: it outlives the
program that has pushed it, and is run again when the program that runs it dies. Any number of taskactor work
may run the jobs of one store. The default store is taskactor/jobs.db in the folder XDG_STATE_HOME, or
~/.local/state; its folder is for its owner alone, and a store whose folder or files are a symbolic link,
another user's, or can be written by others, is refused. A store that many machines share is on PostgreSQL, and is
named by its address: --store postgresql://HOST/DATABASE, or TASKACTOR_STORE. A password belongs into a password
file (~/.pgpass, PGPASSFILE) or a service file: an address with one in it is refused on the command line.

Of a command the store has its words, the folder that it was pushed in, the umask, and of the environment LANG,
PATH, HOME and what --env names. Whoever can write to a store could have the programs of a worker's user run:
taskactor work runs commands only from the default store, and those of queues that --commands names.

taskactor cancel and taskactor status are about a node's tasks with --node (or TASKACTOR_NODE, unless --store is
given), and about jobs otherwise. Where many jobs are named by their state, queue, task or tag, their number is
said first; without a terminal to answer at, nothing is done unless --yes is given.

The exit code is 0 if all was done, 1 if some of it was refused, 2 for bad usage, 4 if the store can't be used.
taskactor work --until-empty returns 3 if its queues have jobs that it doesn't run; taskactor wait what the
first of its jobs has returned that hasn't succeeded, and 3 when --timeout is over.)";

constexpr std::string_view schedules_note
    = R"(taskactor preview prints when a trigger fires next, a line for each fire: its time as RFC 3339, as
the clocks of its zone show it, and behind two blanks what clocks do to it, when it is due if that is later, and
why there are no more. EXPR is a cron expression of five fields, of six (seconds first) or of seven (years last), a
macro such as @daily, or one of: at TIME, every TIME [from TIME], calendar N UNIT [on DAY] [at TIME] [from DAY],
any_of(EXPR; EXPR), all_of(EXPR; EXPR). Behind it may stand @ ZONE, gap at_end|shift|skip, fold first|second|both,
start TIME, end TIME, count N, jitter TIME. Zones are those of the system's tzdata.

The exit code is 0 if there is a fire, 1 if it is never due again, 2 for bad usage and for what no trigger can be
made of, 5 if standard output can't be written.)";

/// Text as roff prints it: `-` as a hyphen-minus, quotes as they are typed.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
    case '\\':
      result += "\\e";
      break;
    case '-':
      result += "\\-";
      break;
    case '\'':
      result += "\\(aq";
      break;
    case '`':
      result += "\\(ga";
      break;
    case '^':
      result += "\\(ha";
      break;
    case '~':
      result += "\\(ti";
      break;
    default:
      result += c;
    }
  }
  return result;
}

/// A line of output: one that begins like a macro is none.
std::string line(const std::string& text) {
  return (text.starts_with('.') || text.starts_with('\'') ? "\\&" : "") + text + '\n';
}

std::string bold(std::string_view text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + escaped(text) + "\\fR"; }

/// A word of running text: names of options are bold, and what stands for a value is italic.
std::string word(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of("("), text.size());
  const auto end = text.find_first_of(".,:;)", begin);
  const auto core = text.substr(begin, end == text.npos ? end : end - begin);
  std::string shown = escaped(core);
  if (core.starts_with("--") && core.size() > 2)
    shown = bold(core);
  else if (core == "CMD" || core == "ITEM" || core == "TIME" || core == "SIZE" || core == "FILE"
           || core == "DIR")
    shown = italic(core);
  return escaped(text.substr(0, begin)) + shown + (end == text.npos ? "" : escaped(text.substr(end)));
}

/// Paragraphs, each sentence on a line of its own, so that roff knows where one ends; long ones on several.
std::string prose(std::string_view text) {
  std::string result, current;
  const auto put = [&] {
    if (!current.empty())
      result += line(current);
    current.clear();
  };
  while (!text.empty()) {
    const auto end = text.find_first_of(" \n");
    const auto next = text.substr(0, end);
    if (text.starts_with('\n')) { // an empty line
      put();
      result += ".PP\n";
    } else if (!next.empty()) {
      const auto shown = word(next);
      if (current.size() + 1 + shown.size() > longest_line)
        put();
      current += (current.empty() ? "" : " ") + shown;
      if (next.ends_with('.'))
        put();
    }
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  put();
  return result;
}

std::string tagged(const std::string& tag, std::string_view text) {
  return ".TP\n" + line(tag) + prose(text);
}

std::string option(const option_entry& entry) {
  std::string tag;
  for (const auto& name : entry.names)
    tag += (tag.empty() ? "" : ", ") + bold(name);
  if (!entry.value.empty())
    tag += ' ' + italic(entry.value);
  return tagged(tag, entry.text + '.');
}

std::string verbs(const program_table& table) {
  std::string result = ".SH VERBS\n";
  for (const auto& each : table.verbs)
    result += tagged(bold(each.name), each.text + '.');
  return result;
}

std::string options(const program_table& table) {
  std::string result = ".SH OPTIONS OF TASKACTOR RUN\n";
  for (const auto group : run_groups()) {
    result += ".SS " + escaped(group) + '\n';
    for (const auto& each : table.run_options)
      if (each.group == group)
        result += option(each);
  }
  return result;
}

std::string synopsis(const program_table& table) {
  std::string result = ".SH SYNOPSIS\n" + bold("taskactor run") + " [" + italic("OPTION") + "]... ["
                       + bold("--") + "] " + italic("CMD") + " [" + italic("ARG") + " | " + bold("{}")
                       + "]... [" + bold(":::") + ' ' + italic("ITEM") + "...]\n";
  for (const auto& verb : table.verbs)
    if (verb.name != "run")
      result += ".br\n" + bold("taskactor " + verb.name)
                + (verb.options.empty() ? "" : " [" + italic("OPTION") + "]...")
                + (verb.arguments.empty() ? "" : ' ' + escaped(verb.arguments)) + '\n';
  std::string names;
  for (const auto& each : table.options)
    for (const auto& name : each.names)
      names += (names.empty() ? "" : " | ") + bold(name);
  return result + ".br\n" + bold("taskactor") + ' ' + names + '\n';
}

std::string description() {
  auto result = ".SH DESCRIPTION\n" + prose(intro) + ".PP\n" + bold("taskactor run") + '\n';
  auto summary = std::string{run_summary()};
  summary.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(summary.front())));
  result += prose(summary) + ".PP\n" + prose(run_places_note());
  for (const auto& each : run_places())
    result += tagged(bold(each.word), std::string{each.text} + '.');
  return result;
}

bool is_of_nodes(const verb_entry& verb) { return verb.name.starts_with("node"); }
bool is_of_jobs(const verb_entry& verb) { return verb.section == verb_section::jobs; }
bool is_of_schedules(const verb_entry& verb) { return verb.section == verb_section::schedules; }

/// All options of the verbs that are `wanted`.
std::string verb_options(const program_table& table, bool (*wanted)(const verb_entry&)) {
  std::string result;
  for (const auto& verb : table.verbs) {
    if (!wanted(verb))
      continue;
    result += ".SS Options of taskactor " + escaped(verb.name) + '\n';
    for (const auto& each : verb.options)
      result += option(each);
  }
  return result;
}

std::string nodes(const program_table& table) {
  return ".SH NODES\n" + prose(nodes_note) + verb_options(table, [](const verb_entry& each) {
           return is_of_nodes(each) && !each.options.empty();
         });
}

std::string jobs(const program_table& table) {
  return ".SH JOBS\n" + prose(jobs_note) + verb_options(table, is_of_jobs);
}

std::string schedules(const program_table& table) {
  return ".SH SCHEDULES\n" + prose(schedules_note) + verb_options(table, is_of_schedules);
}

/// The verbs of named tasks.
std::string named_tasks(const program_table& table) {
  auto result
      = ".SH NAMED TASKS\n" + prose(named_note) + verb_options(table, [](const verb_entry& each) {
          return !each.options.empty() && !is_of_nodes(each) && !is_of_jobs(each) && !is_of_schedules(each);
        });
  result += ".SS Exit status of both\n";
  for (const auto& each : named_exit_codes())
    result += tagged(bold(each.word), std::string{each.text} + '.');
  return result;
}

std::string topics_section() {
  std::string result = ".SH NOTES\n";
  for (const auto& each : run_topics()) {
    const auto detail = each.title.find(" in detail"); // goes on with the topic before
    result += detail == each.title.npos ? ".SS " + escaped(each.title) + '\n' : std::string{".PP\n"};
    result += prose(each.text);
  }
  return result;
}

std::string exit_codes_section() {
  std::string result = ".SH EXIT STATUS\n";
  for (const auto& each : run_exit_codes())
    result += tagged(bold(each.word), std::string{each.text} + '.');
  return result;
}

std::string examples_section() {
  std::string result = ".SH EXAMPLES\n.nf\n";
  for (const auto& each : run_examples())
    result += line(escaped(each));
  return result + ".fi\n";
}

} // namespace

std::string manual_page(const program_table& table, const std::string& version) {
  return ".TH TASKACTOR 1 " + std::string{date} + " \"" + version + "\" \"User Commands\"\n"
         + ".SH NAME\ntaskactor \\- many things done, so many at a time, and what became of each\n"
         + synopsis(table) + description() + verbs(table) + options(table) + jobs(table) + schedules(table)
         + named_tasks(table) + nodes(table) + topics_section() + exit_codes_section() + examples_section()
         + ".SH SEE ALSO\n.BR xargs (1),\n.BR parallel (1),\n.BR nice (1),\n.BR setrlimit (2)\n";
}

} // namespace taskactor::cli
