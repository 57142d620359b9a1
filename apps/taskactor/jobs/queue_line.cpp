#include "jobs/queue_line.hpp"

#include "cli/command_line.hpp"
#include "cli/quantity.hpp"
#include "cli/store_address.hpp"
#include "jobs/default_store.hpp"

#include <taskactor/detail/visible_text.hpp>

#include <cerrno>
#include <charconv>
#include <iostream>
#include <limits>
#include <system_error>

namespace taskactor::cli {

namespace {

constexpr job_state all_states[] = {job_state::ready,     job_state::delayed,     job_state::running,
                                    job_state::succeeded, job_state::failed,      job_state::cancelled,
                                    job_state::expired,   job_state::quarantined, job_state::blocked};

std::vector<std::string> state_names() {
  std::vector<std::string> names;
  for (const auto each : all_states)
    names.emplace_back(to_string(each));
  return names;
}

std::string fault_of_id(const std::string& text) {
  job_id id = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, id);
  // A zero in front is none: what reads the number later would take it for an octal one.
  if (read.ec == std::errc{} && read.ptr == end && id > 0 && text.front() != '0')
    return {};
  return '"' + detail::visible(text) + "\" is no job's id: a whole number from 1 to "
         + std::to_string(std::numeric_limits<job_id>::max());
}

int code_of(const std::error_code& code) {
  if (code == errc::invalid_argument || code == errc::unknown_task || code == errc::bad_arguments
      || code == errc::payload_too_large)
    return bad_usage;
  if (code == errc::store_unusable || code == errc::store_failed || code == errc::store_timed_out
      || code == errc::library_not_loaded)
    return input_unreadable;
  return some_failed;
}

} // namespace

queue_line::queue_line(const std::string& about, const std::string& name) : app(about, name) {
  app.add_option("--store", store_file,
                 "The store's file, or its server: postgresql://HOST/DATABASE (default: the user's "
                 "own file, taskactor/jobs.db under XDG_STATE_HOME or ~/.local/state)")
      ->type_name("STORE")
      ->check(CLI::Validator{[](std::string& file) {
                               return file.empty() ? std::string{"the name of a store's file is empty"}
                                                   : std::string{};
                             },
                             "", "store"})
      ->envname("TASKACTOR_STORE");
}

void queue_line::add_json(const char* help) { app.add_flag("--json", as_json, help); }

store queue_line::open(bool create) const {
  store_options options;
  options.create = create;
  return open_store(choose_store(store_file, create).file, options);
}

CLI::Option* add_time(CLI::App& app, const char* name, std::optional<std::chrono::nanoseconds>& into,
                      const char* help) {
  const auto read = [name, &into](const std::string& text) {
    into = parse_duration(text);
    if (!into)
      throw CLI::ValidationError{std::string{name},
                                 '"' + text + "\" is not a time; write 90, 1.5s, 500ms, 2m, 1h or 3d"};
  };
  return app.add_option_function<std::string>(name, read, help)->type_name("TIME");
}

CLI::Option* add_list(CLI::App& app, const char* name, std::vector<std::string>& into, const char* help) {
  return app.add_option(name, into, help)->expected(1)->take_all();
}

CLI::Validator is_job_id() {
  return CLI::Validator{[](std::string& text) { return fault_of_id(text); }, "", "id"};
}

CLI::Option* add_ids(CLI::App& app, std::vector<job_id>& into) {
  return app.add_option("ID", into, "Of the jobs, as `push` and `jobs` print them")
      ->type_name("")
      ->check(is_job_id());
}

void job_choice::add_options(CLI::App& app) {
  add_list(app, "--state", states, "Only jobs in this state; may be given again")
      ->type_name("STATE")
      ->check(CLI::IsMember(state_names()).description(""));
  app.add_option("--queue", queue, "Only jobs of this queue")->type_name("NAME");
  app.add_option("--task", task, "Only jobs of this task, or program")->type_name("NAME");
  app.add_option("--tag", tag, "Only jobs with this tag")->type_name("TAG");
}

job_filter job_choice::filter() const {
  std::vector<job_state> wanted;
  wanted.reserve(states.size());
  for (const auto& each : states)
    wanted.push_back(*job_state_named(each));
  job_filter made;
  made.states = wanted;
  made.queue = queue;
  made.task = task;
  made.tag = tag;
  return made;
}

void for_each_page(const store& from, job_filter which,
                   const std::function<bool(const std::vector<job_info>&)>& page) {
  constexpr std::size_t at_once = 500;
  which.most = at_once;
  for (;;) {
    const auto found = value_of(from.list(which));
    if (found.empty() || !page(found) || found.size() < at_once)
      return;
    which.before = found.back().id;
  }
}

void put(const std::string& text) {
  errno = 0;
  if (!(std::cout << text << std::flush))
    throw verb_failed{output_unwritable,
                      "standard output can't be written: " + std::generic_category().message(errno)};
}

void put_json(const nlohmann::ordered_json& what) {
  put(what.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n');
}

namespace {

/// In the environment, of which only the user's own programs know, it may have one.
void refuse_password(const std::vector<std::string>& arguments) {
  constexpr std::string_view name = "--store";
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& word = arguments[i];
    const bool joined = word.starts_with(std::string{name} + '=');
    if ((joined && has_password(word.substr(name.size() + 1)))
        || (word == name && i + 1 < arguments.size() && has_password(arguments[i + 1])))
      throw verb_failed{bad_usage, std::string{name} + ": " + password_advice};
  }
}

} // namespace

int answer(CLI::App& app, std::vector<std::string> arguments, const std::function<int()>& act) {
  try {
    refuse_password(arguments);
    if (const auto answered = parse(app, std::move(arguments)))
      return *answered;
    return act();
  } catch (const verb_failed& why) {
    return say(why.what(), why.code);
  } catch (const std::system_error& why) {
    return say(detail::message_of(why), code_of(why.code()));
  }
}

verb_entry entry_of(const CLI::App& app, std::string name, std::string text, std::string arguments) {
  auto options = option_table(app);
  std::erase_if(options, [](const auto& each) { return each.names.empty(); }); // what has its place
  verb_entry made{.name = std::move(name), .text = std::move(text), .arguments = std::move(arguments)};
  made.options = std::move(options);
  made.section = verb_section::jobs;
  return made;
}

} // namespace taskactor::cli
