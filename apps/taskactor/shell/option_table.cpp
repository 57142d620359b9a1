#include "shell/option_table.hpp"

#include "run/run_options.hpp"

#include <CLI/CLI.hpp>
#include <taskactor/named_program.hpp>
#include <taskactor/queue/job_state.hpp>

#include <algorithm>

namespace taskactor::cli {

namespace {

constexpr job_state all_job_states[] = {job_state::ready,     job_state::delayed,     job_state::running,
                                        job_state::succeeded, job_state::failed,      job_state::cancelled,
                                        job_state::expired,   job_state::quarantined, job_state::blocked};

/// Of a value that is written as "some|other".
void add_choices(option_entry& option) {
  if (option.value.find('|') != option.value.npos)
    option.choices = CLI::detail::split(option.value, '|');
}

} // namespace

std::vector<option_entry> option_table(const CLI::App& app) {
  std::vector<option_entry> result;
  for (const CLI::Option* option : app.get_options()) {
    option_entry entry{.text = option->get_description(), .group = option->get_group()};
    for (const auto& name : option->get_snames())
      entry.names.push_back('-' + name);
    for (const auto& name : option->get_lnames())
      entry.names.push_back("--" + name);
    if (option->get_items_expected_max() > 0)
      entry.value = option->get_type_name();
    if (entry.value == "LEVEL")
      entry.choices.assign(std::begin(log_levels), std::end(log_levels));
    if (entry.value == "STATE")
      for (const auto each : all_job_states)
        entry.choices.emplace_back(to_string(each));
    add_choices(entry);
    std::replace(entry.text.begin(), entry.text.end(), '\n', ' ');
    result.push_back(std::move(entry));
  }
  return result;
}

std::vector<verb_entry> named_verb_table() {
  std::vector<verb_entry> result;
  for (const auto& verb : named_verbs()) {
    verb_entry entry{.name = std::string{verb.name},
                     .text = std::string{verb.text} + " (of a library: --load FILE)",
                     .arguments = std::string{verb.arguments}};
    for (const auto& each : verb.options) {
      option_entry option{.names = {std::string{each.name}}, .value = std::string{each.value}};
      option.text = each.text;
      add_choices(option);
      entry.options.push_back(std::move(option));
    }
    result.push_back(std::move(entry));
  }
  return result;
}

} // namespace taskactor::cli
