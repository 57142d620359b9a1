#include "run/run_text.hpp"

namespace taskactor::cli {

namespace {

constexpr std::string_view summary = R"(Runs CMD once for each item, many at a time. Items are the lines of
standard input, or of a file, or the arguments after `:::`. No shell sees the command, unless --shell asks for
it. Commands read /dev/null.)";

constexpr std::string_view groups[] = {"Items", "Running", "Output", "Messages"};

constexpr meaning places[] = {
    {"{}", "the item"},
    {"{#}", "its number, from 1"},
    {"{.}", "the item without its extension"},
    {"{/}", "its last part, without folders"},
    {"{//}", "its folder"},
    {"{/.}", "its last part without extension"},
};

constexpr std::string_view places_note
    = "In CMD and its arguments these stand for the item; without any of them it is the last argument. A "
      "backslash before one makes it text: \\{}.";

constexpr topic topics[] = {
    {"Units", R"(TIME is in seconds, or has a unit: 500ms, 1.5s, 2m, 1h. SIZE: 4096, 64K, 16M, 1G.)"},
    {"Shell",
     R"(With --shell the words of CMD are joined, and /bin/sh reads them as a script. An item is one word
wherever it stands in it, whatever is in the item: the script gets it as a variable. A place is refused where
that can't be: in arithmetic ({#} may stand there), in ${...}, in the end mark of a here-document or behind a
quoted one, and behind what isn't followed, as quotes in ${...}. Then say x={}; and use "$x". What the script
gives to another shell (eval, ssh, sh -c) is read once more.)"},
    {"Outputs", R"(What a command prints comes out at its end in one piece, its standard output on standard
output, its errors on standard error, never mixed with another's. A command that prints more than
--capture-limit is cut there, and counts as failed; with --line-buffer nothing is kept, so nothing is cut
(lines above 1M come in pieces). What a command had printed before it was ended early is kept as well, unless
it was killed by Ctrl-C. When outputs wait to be written (--keep-order, a slow reader), no more items are taken
than 64M of them can be kept for.)"},
    {"Memory", R"(--memory limits what each process of a command has for itself: heap, private maps, stacks of
threads (RLIMIT_DATA). A program that is refused more ends in its own way, and is reported by what it ended
with: an exit code, or a signal.)"},
    {"Memory in detail", R"(What is shared with other processes, mapped from files or only reserved doesn't
count, so that programs which reserve much more than they use (Java, Go, Node) can live with the limit. A
command of several processes may take as much for each of them. A limit that is lower already stays. For a
limit on all processes together run taskactor in a control group.)",
     shown_in::manual},
    {"Retries",
     R"(With --retries a command that failed, or ran longer than --timeout, is run again: after --backoff,
then after twice that, and so on, up to a minute (or --backoff, if that is longer). It keeps its place among
the N at once meanwhile. Outputs, report and job log show the last attempt; with --line-buffer the lines of
all attempts come out. What can't be executed, or was cancelled, isn't tried again. Each attempt counts for
--rate.)"},
    {"Report", R"(Each line is an object with number, item, command, state (completed, failed, cancelled,
timed_out), exit_code, signal, started, ended, seconds, error, attempts and waited (seconds, for --rate);
item_base64 too when the item isn't UTF-8. Commands that were never started have no line. --joblog has a line for the same commands, in the columns of GNU parallel.)"},
    {"Resuming", R"(--resume skips the items that a report says were completed, each as often as it says so;
what failed, was cancelled or timed out is run again. If --report names the same file, this run's lines are
added to it, so that the same command line can be given until all is done; and --joblog adds to its file.)"},
    {"Resuming in detail", R"(Items are matched by their content alone: their order doesn't matter, nor does
the command. They keep the numbers that they have in the input, for {#} and for the files of --output. With
one file for --report and --resume, there need not be one at the first run. Another report is only read, and
the file of --report is replaced as without --resume.

A run that was killed may have left its files with a part of a line at the end: that is cut off, and for a
report a message says so. Commands that ran then, or had ended and weren't reported yet, are run again. Anything else that isn't
a line of a report is an error, and nothing is run.)",
     shown_in::manual},
    {"Durable runs",
     R"(With --store each item is a job in a store, in a queue run/NAME, and so is its end. The
same command line goes on after a crash, a kill or Ctrl-C: items that had ended aren't run again, those that
were in flight are. One that failed stays so, once its retries are used up. A finished batch is only reported,
with its exit code; --again has it begin anew. Without --batch the name is made of the command, the items and
the folder; then all items are read before the first is run. A store of another name is given as --store=FILE,
one on PostgreSQL as --store=postgresql://HOST/DATABASE: then another machine may go on with it.)"},
    {"Durable runs in detail", R"(An item has ended when its output is written, and then its end is in the
store: with --keep-order, one that waits for its turn is in flight. So is one that is cancelled by Ctrl-C or
--fail-fast or cut by --total-timeout, or whose program is missing for all. Attempts before a crash don't count
for --retries, and an item whose command ends taskactor itself is run again each time.

With --batch items are run as they come, and compared with those of before: other ones, or another command or
folder, are refused, and nothing is run. All other options may differ from call to call. A batch is run by one
process at a time; a second one is refused. On PostgreSQL that may be another machine's: when nothing is known of
it but its silence, it is waited for it for 30 seconds, and a run that the server doesn't confirm for 20 seconds
ends. --report and --joblog are gone on with.

`taskactor jobs --queue run/NAME` shows the batch and its items. `cancel` ends one (within five seconds, if it
runs), `pause` and `resume` hold up the whole, and `retry` has what failed run again by the same command line.
No `taskactor work` runs them: the store has the items, not the command's environment. A file that others can
write to is refused, since they could add items; on PostgreSQL that is who may write to the schema. Ends can be asked for 30 days; after that a finished batch
is begun anew. --dry-run prints all commands, whatever was done. --resume doesn't go with --store.)",
     shown_in::manual},
    {"Job log", R"(The columns of --joblog are those of GNU parallel, separated by tabs: Seq, Host (always a
colon), Starttime (in seconds since 1970), JobRuntime (in seconds), Send (always 0), Receive (bytes of standard
output), Exitval, Signal and Command. A newline in Command is a NUL. Exitval is 0 for a command that a signal
has ended, but -1 where that would make it look completed though it isn't: its time was up, it was cancelled,
its output was cut.)",
     shown_in::manual},
    {"Ctrl-C",
     R"(Once: no more are started, those that run go on to their end. Twice: these are cancelled (TERM
to their process groups, KILL after --grace). Three times: they are killed. TERM and HUP to taskactor are like
Ctrl-C twice. Ctrl-Z stops the commands too, and all clocks (--timeout, --grace, --total-timeout); `fg` or CONT
lets all go on.)"},
    {"Terminal",
     R"(A command that reads the terminal (/dev/tty) is stopped by that, and told; with --tty it has the
terminal while it runs, one command at a time, as with xargs -o: Ctrl-C and Ctrl-Z are its own then, and one
that Ctrl-C ends ends the run.)"},
    {"What commands have", R"(Commands have the descriptors, limits and environment that taskactor was given
(`exec 3>log`, process substitution, make's jobserver), and default signal dispositions. As the first process of
a container (PID 1) taskactor reaps orphans, and passes signals on. One per processor means one for each that
taskactor may run on (taskset), and no more than the quota of its control group pays for.)",
     shown_in::manual},
    {"Files", R"(A report or a job log that another run is writing is refused, and so is a file that would be
an input and an output at once, by whatever names. While a FIFO waits for its other end, Ctrl-C and the total
time end the wait.)",
     shown_in::manual},
};

constexpr meaning exit_codes[] = {
    {"0", "all commands were completed: each returned 0"},
    {"1", "some failed: they returned another code, or a signal ended them"},
    {"2", "bad usage (no report for --resume, a batch of others); nothing was run"},
    {"3", "none failed, but time was up for some (--timeout, --total-timeout)"},
    {"4", "the items could not be read"},
    {"5", "outputs, report, job log or store can't be written; the run was ended"},
    {"126", "CMD can't be executed"},
    {"127", "CMD was not found; the run was ended at its first item"},
    {"130", "interrupted by Ctrl-C (129: by HUP, 143: by TERM)"},
    {"141", "nobody reads standard output any more; the run was ended"},
};

constexpr std::string_view examples[] = {
    "find . -name '*.png' | taskactor run -- optipng -quiet {}",
    "find . -name '*.c' -print0 | taskactor run -0 -k -- wc -l",
    "taskactor run -j8 --timeout 30s --report r.jsonl -a urls -- curl -sSO {}",
    "taskactor run --rate 10/s --retries 3 --backoff 2s -a urls -- curl -sSfO {}",
    "taskactor run --report r.jsonl --resume r.jsonl -a urls -- curl -sSO {}",
    "taskactor run --store --batch urls -a urls -- curl -sSO {}",
    "taskactor run --shell 'gzip -c {} > {.}.gz' ::: *.txt",
    "taskactor run --dry-run convert {} {.}.jpg ::: *.tif",
    "jq -r 'select(.state != \"completed\") | .item' r.jsonl    # what to do again",
};

} // namespace

std::string_view run_summary() noexcept { return summary; }
std::span<const std::string_view> run_groups() noexcept { return groups; }
std::span<const meaning> run_places() noexcept { return places; }
std::string_view run_places_note() noexcept { return places_note; }
std::span<const topic> run_topics() noexcept { return topics; }
std::span<const meaning> run_exit_codes() noexcept { return exit_codes; }
std::span<const std::string_view> run_examples() noexcept { return examples; }

} // namespace taskactor::cli
