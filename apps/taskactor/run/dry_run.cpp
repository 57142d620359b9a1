#include "run/dry_run.hpp"

#include "cli/exit_code.hpp"
#include "cli/screen.hpp"
#include "cli/text.hpp"
#include "run/command_template.hpp"
#include "run/output.hpp"
#include "run/pending_items.hpp"
#include "run/run_control.hpp"
#include "run/used_files.hpp"

#include <optional>
#include <string>
#include <system_error>

namespace taskactor::cli {

namespace {

constexpr std::size_t shown_at_once = std::size_t{1} << 16;

void print_all(const command_template& command, pending_items& items, run_control& control, output& to) {
  std::string lines;
  while (auto next = control.may_start() ? items.next() : std::nullopt) {
    lines += shell_quoted(command.make(next->item, next->number)) + '\n';
    // The number of items isn't known while they still come, perhaps slowly: then each is shown at once.
    if (lines.size() >= shown_at_once || !items.total()) {
      to.put(output_stream::out, lines);
      lines.clear();
    }
  }
  to.put(output_stream::out, lines);
}

} // namespace

int print_commands(const command_template& command, pending_items& items, run_control& control,
                   screen& where) {
  const used_files none;
  output to{where, {}, none};
  try {
    print_all(command, items, control, to);
  } catch (const no_reader&) {
    control.fail(reader_gone, stop_level::cancel, {});
  } catch (const unreadable_items& error) {
    control.fail(input_unreadable, stop_level::cancel, error.what());
  } catch (const std::system_error& error) {
    control.fail(output_unwritable, stop_level::cancel, error.what());
  }
  return control.code();
}

} // namespace taskactor::cli
