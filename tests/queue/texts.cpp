// The texts of a store: what is refused, by its field and alike in all stores, and what comes back as it was.
#include "queue/backends.hpp"
#include "queue/hooked_store.hpp"
#include "queue/store_text.hpp"

#include <taskactor/taskactor.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace texts {

using namespace queue_tests;

const std::string replaced = "\xef\xbf\xbd";
const std::string no_utf8 = "no UTF-8: \xff, no NUL: ";
std::string any_bytes() { return no_utf8 + '\0' + '.'; }
std::string as_text() { return "no UTF-8: " + replaced + ", no NUL: " + replaced + '.'; }

std::string throws_any_bytes() {
  ta::this_task::report_progress(1, 2, any_bytes());
  throw std::runtime_error{any_bytes()};
}
std::string gives_any_bytes() { return any_bytes(); }
std::string repeats(const std::string& what) { return what + what; }

TASKACTOR_REGISTER_AS(throws_any_bytes, "texts.throws_any_bytes");
TASKACTOR_REGISTER_AS(gives_any_bytes, "texts.gives_any_bytes");
TASKACTOR_REGISTER_AS(repeats, "texts.repeats");

/// As a user has it, over the backend of a kind.
struct user_store {
  explicit user_store(const store_kind& kind)
      : store(std::make_shared<td::store_core>(
          kind.open(folder.path(),
                    [] { return std::chrono::floor<td::store_duration>(std::chrono::system_clock::now()); }),
          ta::store_options{.watch = false}, folder / "jobs.db")) {}

  test::temporary_directory folder;
  ta::store store;
};

void in_each(const std::function<void(ta::store&)>& test) {
  for (const auto& kind : store_kinds())
    BOOST_TEST_CONTEXT("in the store " << kind.name) {
      user_store world{kind};
      test(world.store);
      BOOST_TEST(world.store.check().get().value() == std::vector<std::string>{},
                 boost::test_tools::per_element());
    }
}

/// A field, and a call that has a text in it; empty: it wasn't refused.
struct text_field {
  std::string name;
  std::size_t longest;
  bool may_be_empty;
  std::function<std::optional<ta::rejection>(ta::store&, const std::string&)> use;
};

template <class T>
std::optional<ta::rejection> refusal_of(const ta::store_call<T>& call) {
  const auto got = call.get();
  return got ? std::nullopt : std::optional{got.error()};
}
template <class F>
std::optional<ta::rejection> thrown_by(F make) {
  try {
    make();
  } catch (const ta::error& why) {
    return ta::rejection{static_cast<ta::errc>(why.code().value()), why.message()};
  }
  return {};
}

text_field pushed(std::string name, std::size_t longest, bool may_be_empty,
                  std::function<void(ta::push_options&, const std::string&)> set) {
  return {std::move(name), longest, may_be_empty, [set](ta::store& in, const std::string& text) {
            ta::push_options options;
            set(options, text);
            return refusal_of(ta::job_queue{in, "q"}.push_unchecked(options, "t"));
          }};
}

text_field filtered(std::string name, std::function<void(ta::job_filter&, const std::string&)> set,
                    std::function<std::optional<ta::rejection>(ta::store&, ta::job_filter)> use) {
  return {std::move(name), td::longest_name, true, [set, use](ta::store& in, const std::string& text) {
            ta::job_filter which;
            set(which, text);
            return use(in, std::move(which));
          }};
}

std::vector<text_field> push_fields() {
  using td::longest_key;
  using td::longest_name;
  return {
      {"a queue's name", longest_name, false,
       [](ta::store& in, const std::string& text) {
         return thrown_by([&] { const ta::job_queue made{in, text}; });
       }},
      {"task", longest_name, false,
       [](ta::store& in, const std::string& text) {
         return refusal_of(ta::job_queue{in, "q"}.push_unchecked({}, text));
       }},
      pushed("unique.key", longest_key, true, [](auto& to, const auto& text) { to.unique.key = text; }),
      pushed("unique.scope", longest_name, true,
             [](auto& to, const auto& text) {
               to.unique.key = std::string{"k"};
               to.unique.scope = text;
             }),
      pushed("limits: name", longest_name, false,
             [](auto& to, const auto& text) { to.limits = std::vector<ta::job_limit>{{.name = text}}; }),
      pushed("limits: key", longest_key, true,
             [](auto& to, const auto& text) {
               to.limits = std::vector<ta::job_limit>{{.name = "l", .key = text}};
             }),
      pushed("fairness_key", longest_key, true, [](auto& to, const auto& text) { to.fairness_key = text; }),
      pushed("trace", longest_key, true, [](auto& to, const auto& text) { to.trace = text; }),
      pushed("version", longest_name, true, [](auto& to, const auto& text) { to.version = text; }),
      pushed("tags", longest_name, false,
             [](auto& to, const auto& text) {
               to.tags = std::vector<std::string>{"red", text};
             }),
  };
}

std::vector<text_field> control_fields() {
  std::vector<text_field> all{
      {"queue", td::longest_name, false,
       [](ta::store& in, const std::string& text) { return refusal_of(in.pause(text)); }},
      {"queue", td::longest_name, false,
       [](ta::store& in, const std::string& text) { return refusal_of(in.resume(text)); }},
      {"name", td::longest_name, false,
       [](ta::store& in, const std::string& text) {
         return refusal_of(in.set_limit(text, {.capacity = 1}));
       }},
      {"name", td::longest_name, false,
       [](ta::store& in, const std::string& text) { return refusal_of(in.drop_limit(text)); }},
  };
  const std::vector<std::function<std::optional<ta::rejection>(ta::store&, ta::job_filter)>> verbs{
      [](ta::store& in, ta::job_filter which) { return refusal_of(in.list(std::move(which))); },
      [](ta::store& in, ta::job_filter which) { return refusal_of(in.cancel_all(std::move(which))); },
      [](ta::store& in, ta::job_filter which) { return refusal_of(in.retry_all(std::move(which))); },
      [](ta::store& in, ta::job_filter which) { return refusal_of(in.remove_all(std::move(which))); },
  };
  for (const auto& verb : verbs) {
    all.push_back(filtered(
        "queue", [](auto& to, const auto& text) { to.queue = text; }, verb));
    all.push_back(filtered(
        "task", [](auto& to, const auto& text) { to.task = text; }, verb));
    all.push_back(filtered(
        "tag", [](auto& to, const auto& text) { to.tag = text; }, verb));
  }
  return all;
}

std::vector<text_field> runner_fields(ta::task_manager& tasks) {
  return {
      {"queues", td::longest_name, false,
       [&tasks](ta::store& in, const std::string& text) {
         return thrown_by([&] { const ta::job_runner made{tasks, in, {.queues = {{text, 1}}}}; });
       }},
      {"name", td::longest_name, true,
       [&tasks](ta::store& in, const std::string& text) {
         return thrown_by([&] {
           const ta::job_runner made{tasks, in, {.queues = {{"q", 1}}, .name = text}};
         });
       }},
  };
}

/// With what is said of it.
std::vector<std::pair<std::string, std::string>> wrong_texts() {
  return {
      {std::string(1, '\0'), "has a NUL, as its byte 1"},
      {std::string{"a\0b", 3}, "\"a\\x00b\" has a NUL, as its byte 2"},
      {std::string{"\xc3\xa4\0", 3}, "has a NUL, as its byte 3"},
      {"\xff", "\"\\xff\" isn't UTF-8, from its byte 1 on"},
      {"ann\x80", "isn't UTF-8, from its byte 4 on"},          // nothing that goes on
      {"\xc3", "isn't UTF-8, from its byte 1 on"},             // cut off
      {"\xe2\x82", "isn't UTF-8, from its byte 1 on"},         //
      {"\xc3\xa4\xc3x", "isn't UTF-8, from its byte 3 on"},    //
      {"\xc0\x80", "isn't UTF-8, from its byte 1 on"},         // a NUL in two bytes
      {"\xe0\x80\xaf", "isn't UTF-8, from its byte 1 on"},     // longer than it need be
      {"\xed\xa0\x80", "isn't UTF-8, from its byte 1 on"},     // a surrogate
      {"\xf4\x90\x80\x80", "isn't UTF-8, from its byte 1 on"}, // beyond the last character
  };
}

/// Of so many bytes, of characters of one to four, and what a statement or JSON might take for its own.
std::string longest_text(std::size_t bytes, const std::string& begin = {}) {
  auto text = begin + R"(a"'\{},%_?$1 )" + "\xc3\xa4\xe2\x82\xac\xf0\x9d\x84\x9e";
  while (text.size() + 4 <= bytes)
    text += text.size() % 2 == 0 ? "\xf0\x9d\x84\x9e" : "\xe2\x82\xac";
  text.append(bytes - text.size(), 'z');
  return text;
}

void check_refused(ta::store& in, const text_field& field) {
  const auto check = [&](const std::string& text, const std::string& words) {
    const auto got = field.use(in, text);
    BOOST_TEST_REQUIRE(got.has_value(), field.name << ": " << words);
    BOOST_TEST(static_cast<int>(got->code) == static_cast<int>(ta::errc::invalid_argument));
    BOOST_TEST(got->message.starts_with(field.name + ": "), got->message);
    BOOST_TEST(got->message.find(words) != std::string::npos, got->message << ": " << words);
  };
  for (const auto& [text, words] : wrong_texts())
    check(text, words);
  const auto most = "give at most " + std::to_string(field.longest);
  check(std::string(field.longest + 1, 'x'), most);
  check(longest_text(field.longest + 1), most);
  check(std::string(100'000, '\xff'), most);
  if (!field.may_be_empty)
    check("", "it is empty");
}

} // namespace texts

BOOST_AUTO_TEST_SUITE(texts)

using namespace ::texts;

BOOST_AUTO_TEST_CASE(what_is_no_text_is_refused_by_its_field_in_every_store) {
  ta::task_manager tasks;
  in_each([&](ta::store& store) {
    for (const auto& fields : {push_fields(), control_fields(), runner_fields(tasks)})
      for (const auto& field : fields)
        check_refused(store, field);
    const auto there = store.survey().get().value();
    BOOST_TEST(there.queues.empty());
    BOOST_TEST(there.limits.empty());
    BOOST_TEST(there.runners.empty());
    BOOST_TEST(there.counters.pushed == 0U);
  });
}

BOOST_AUTO_TEST_CASE(it_is_refused_before_the_backend_is_called) {
  ta::task_manager tasks;
  hooked_store here;
  for (const auto& fields : {push_fields(), control_fields(), runner_fields(tasks)})
    for (const auto& field : fields)
      check_refused(*here.store, field);
  BOOST_TEST(here.hooks->calls().empty());
}

BOOST_AUTO_TEST_CASE(the_longest_texts_go_through_and_come_back) {
  const auto name = [](const std::string& begin) { return longest_text(td::longest_name, begin); };
  const auto key = [](const std::string& begin) { return longest_text(td::longest_key, begin); };
  BOOST_REQUIRE_EQUAL(name("n").size(), 200U);
  BOOST_REQUIRE_EQUAL(key("k").size(), 1000U);
  in_each([&](ta::store& store) {
    const ta::job_queue queue{store, name("queue")};
    const ta::push_options options{.unique = {.key = key("unique"), .scope = name("scope")},
                                   .limits = {{name("limit"), key("limited"), 2}},
                                   .fairness_key = key("fair"),
                                   .tags = {name("tag"), "red"},
                                   .trace = key("trace"),
                                   .version = name("version")};
    BOOST_TEST((store.set_limit(name("limit"), {.capacity = 3}).get().value() == ta::control_reply::done));
    const auto pushed = queue.push_unchecked(options, name("task"), {"x"}).get().value();
    BOOST_TEST(pushed.how == ta::push_result::pushed);
    const auto again = queue.push_unchecked(options, name("task"), {"x"}).get().value();
    BOOST_TEST(again.how == ta::push_result::duplicate);
    BOOST_TEST((store.pause(name("queue")).get().value() == ta::control_reply::done));
    BOOST_TEST((store.resume(name("queue")).get().value() == ta::control_reply::done));

    td::runner_beat beat;
    beat.runner = {name("runner"), 1};
    auto& core = *td::core_of(store);
    const auto known = std::make_shared<const td::known_tasks>(
        td::known_tasks{{name("task"), name("version")}, {name("task"), ""}});
    beat.tasks = known;
    beat.shares = {{.queue = name("queue"), .free = 1}};
    told_by<td::beat_reply>([&](auto tell) { core.renew(beat, tell); }).value();
    const auto claimed = told_by<td::claim_reply>([&](auto tell) {
                           core.claim({.runner = beat.runner, .shares = beat.shares, .tasks = known}, tell);
                         }).value();
    BOOST_REQUIRE_EQUAL(claimed.jobs.size(), 1U);
    const auto& row = claimed.jobs.front().row;
    BOOST_TEST(row.queue == name("queue"));
    BOOST_TEST(row.task == name("task"));
    BOOST_TEST(row.version == name("version"));
    BOOST_TEST(row.fairness_key == key("fair"));

    const auto got = store.find(pushed.job.id()).get().value();
    BOOST_TEST(got.info.queue == name("queue"));
    BOOST_TEST(got.info.task == name("task"));
    BOOST_TEST(got.info.runner == name("runner"));
    BOOST_TEST(got.info.fairness_key == key("fair"));
    BOOST_TEST(got.info.tags == (std::vector<std::string>{name("tag"), "red"}),
               boost::test_tools::per_element());
    BOOST_REQUIRE_EQUAL(got.limits.size(), 1U);
    BOOST_TEST(got.limits[0].name == name("limit"));
    BOOST_TEST(got.limits[0].key == key("limited"));
    BOOST_TEST(got.trace == key("trace"));
    BOOST_TEST(got.version == name("version"));

    ta::job_filter which;
    which.queue = name("queue");
    which.task = name("task");
    which.tag = name("tag");
    BOOST_TEST(store.list(which).get().value().size() == 1U);
    const auto there = store.survey().get().value();
    BOOST_REQUIRE_EQUAL(there.queues.size(), 1U);
    BOOST_TEST(there.queues[0].name == name("queue"));
    BOOST_REQUIRE_EQUAL(there.limits.size(), 1U);
    BOOST_TEST(there.limits[0].name == name("limit"));
    BOOST_TEST(there.limits[0].taken == 2U);
    BOOST_REQUIRE_EQUAL(there.runners.size(), 1U);
    BOOST_TEST(there.runners[0].name == name("runner"));
    BOOST_TEST((store.drop_limit(name("limit")).get().value() == ta::control_reply::done));
  });
}

BOOST_AUTO_TEST_CASE(arguments_may_have_a_nul_and_are_refused_without_utf8) {
  ta::task_manager tasks;
  in_each([&](ta::store& store) {
    const ta::job_queue queue{store, "q"};
    const std::string nul{"a\0\xc3\xa4", 4};
    for (const ta::json& wrong : {ta::json{"\xff"}, ta::json{{{"\xff", 1}}}}) {
      const auto got = queue.push_unchecked({}, "texts.repeats", wrong).get();
      BOOST_TEST_REQUIRE(!got);
      BOOST_TEST(static_cast<int>(got.error().code) == static_cast<int>(ta::errc::bad_arguments));
      BOOST_TEST(got.error().message.find("texts.repeats: arguments: ") == 0U, got.error().message);
      BOOST_TEST(got.error().message.find("UTF-8") != std::string::npos, got.error().message);
    }
    const auto one = queue.push(repeats, nul).get().value().job;
    BOOST_TEST(one.details().get().value().arguments == "[\"a\\u0000\xc3\xa4\"]");
    const ta::job_runner runner{tasks, store, {.queues = {{"q", 1}}}};
    BOOST_TEST(one.wait(20s).value().value() == nul + nul);
  });
}

BOOST_AUTO_TEST_CASE(what_a_body_says_is_made_a_text_and_its_end_is_told) {
  ta::task_manager tasks;
  in_each([&](ta::store& store) {
    const ta::job_queue queue{store, "q"};
    const auto thrown = queue.push(throws_any_bytes).get().value().job;
    const auto given = queue.push(gives_any_bytes).get().value().job;
    const ta::job_runner runner{tasks, store, {.queues = {{"q", 1}}}};
    BOOST_TEST((thrown.wait(20s).value().state() == ta::state::failed));
    BOOST_TEST((given.wait(20s).value().state() == ta::state::failed));
    const auto said = thrown.info().get().value().error; // up to its NUL: `what()` is a C string
    BOOST_TEST(said.ends_with("no UTF-8: " + replaced + ", no NUL: "), said);
    const auto why = given.info().get().value().error; // its result has no JSON form
    BOOST_TEST(why.find("UTF-8") != std::string::npos, why);
  });
}

BOOST_AUTO_TEST_CASE(progress_and_errors_of_any_bytes_become_texts) {
  BOOST_TEST(td::store_text("") == "");
  BOOST_TEST(td::store_text("a\xc3\xa4") == "a\xc3\xa4");
  BOOST_TEST(td::store_text(any_bytes()) == as_text());
  BOOST_TEST(td::store_text("\xe2\x82") == replaced + replaced);
  for (const auto& [text, words] : wrong_texts())
    BOOST_TEST(!td::check_text("x", td::store_text(text), 100));
  const auto cut = td::cut_error(std::string(td::largest_error, '\xff'));
  BOOST_TEST(cut.size() <= td::largest_error);
  BOOST_TEST(cut.size() > td::largest_error - 8);
  BOOST_TEST(cut.ends_with(replaced + " ..."));
  BOOST_TEST(!td::check_text("x", cut, td::largest_error));
}

BOOST_AUTO_TEST_CASE(a_command_is_named_by_the_end_of_its_program) {
  in_each([](ta::store& store) {
    const td::queue_front queue{store, "q"};
    const auto push = [&](const ta::json& command) {
      return told_by<td::pushed_ids>([&](auto tell) { queue.push_command({}, command, tell); });
    };
    auto program = std::string(100, 'x');
    for (int i = 0; i < 100; ++i)
      program += "\xe2\x82\xac";
    const auto id = push({{"argv", {program}}}).value().at(0).id;
    const auto name = store.find(id).get().value().info.task;
    BOOST_TEST(name.size() <= td::longest_name);
    BOOST_TEST(name.size() > td::longest_name - 3);
    BOOST_TEST(name.starts_with("...\xe2\x82\xac"));
    const auto wrong = push({{"argv", {"\xff"}}});
    BOOST_TEST_REQUIRE(!wrong);
    BOOST_TEST(static_cast<int>(wrong.error().code) == static_cast<int>(ta::errc::bad_arguments));
  });
}

BOOST_AUTO_TEST_SUITE_END()
