// What a command is given beside its arguments: streams, further descriptors, permissions, another user.
#include "fixture.hpp"
#include "support/soft_limit.hpp"

#include <taskactor/taskactor.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ta = taskactor;
using namespace process_test;

BOOST_AUTO_TEST_SUITE(given_streams)

namespace {

using stream = ta::command_stream;

struct world {
  ta::task_manager tasks{{.process_capacity = 4, .cancel_grace = 1min}};

  ta::command_result run(ta::command_line argv, ta::command_options options = {}) {
    return tasks.run_command({}, std::move(argv), std::move(options)).value().get();
  }
  ta::command_result shell(std::string script, ta::command_options options = {}) {
    return run({"sh", "-c", std::move(script)}, std::move(options));
  }
  /// The code, and the words.
  std::pair<std::error_code, std::string> refusal(ta::command_options options) {
    try {
      (void)run({"true"}, std::move(options));
    } catch (const std::system_error& error) {
      return {error.code(), error.what()};
    }
    return {};
  }
};

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

struct own_pipe {
  explicit own_pipe(int flags = O_CLOEXEC) {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::pipe2(ends.data(), flags) == 0);
    read = ta::descriptor{ends[0]};
    write = ta::descriptor{ends[1]};
  }
  ta::descriptor read, write;
};

std::string read_to_end(const ta::descriptor& from) {
  std::string result;
  std::array<char, 256> piece{};
  while (const auto got = ::read(from.get(), piece.data(), piece.size())) {
    BOOST_REQUIRE(got > 0);
    result.append(piece.data(), static_cast<std::size_t>(got));
  }
  return result;
}

bool is_root() { return ::geteuid() == 0; }

} // namespace

BOOST_AUTO_TEST_CASE(streams_are_files) {
  world w;
  const temporary_directory folder;
  const auto log = folder / "log";
  const auto first = w.shell("echo one; echo oops >&2", {.out = stream::truncate(log)});
  BOOST_TEST(first.out.empty());
  BOOST_TEST(first.err == "oops\n");
  w.shell("echo two", {.out = stream::append(log)});
  BOOST_TEST(content(log) == "one\ntwo\n");
  BOOST_TEST(w.run({"wc", "-l"}, {.in = stream::read(log)}).out.find('2') != std::string::npos);
  w.shell("echo three; echo four >&2", {.out = stream::truncate(log), .merge_stderr = true});
  BOOST_TEST(content(log) == "three\nfour\n");
  w.shell("echo five >&2; echo six", {.err = stream::truncate(log)});
  BOOST_TEST(content(log) == "five\n");
  w.shell("echo seven", {.out = stream::truncate(log), .umask = 077});
  BOOST_TEST(w.shell("cat; echo nothing", {.in = stream::null(), .err = stream::null()}).out == "nothing\n");
  BOOST_TEST(w.shell("echo kept", {.out = stream::capture()}).out == "kept\n");
}

BOOST_AUTO_TEST_CASE(a_file_that_can_not_be_opened_is_an_error_with_its_path) {
  world w;
  const temporary_directory folder;
  const auto expect = [&](ta::command_options options, const std::string& words) {
    const auto [code, what] = w.refusal(std::move(options));
    BOOST_CHECK(code == ta::errc::invalid_argument);
    BOOST_TEST(contains(what, words), what);
  };
  const auto missing = folder / "no/such";
  expect({.in = stream::read(missing)}, "in: '" + missing + "': No such file");
  expect({.out = stream::append(missing)}, "out: '" + missing + "': No such file");
  expect({.err = stream::truncate(folder.path())}, "err: '" + folder.path() + "': Is a directory");
  expect({.out = stream::truncate("")}, "out: the name of a file is empty");
  expect({.out = stream::truncate(std::string("a\0b", 3))}, "NUL");
  const auto fifo = folder / "fifo";
  BOOST_REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  expect({.out = stream::append(fifo)}, "out: '" + fifo + "': "); // nobody reads it: it isn't waited for
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_the_commands_own_fault) {
  world w;
  const auto full = w.shell("echo something", {.out = stream::append("/dev/full")});
  BOOST_TEST(full.exit_code > 0);
  BOOST_TEST(!full.err.empty());
}

BOOST_AUTO_TEST_CASE(a_descriptor_is_inherited_by_its_number) {
  world w;
  own_pipe pipe;
  const auto result = w.shell("echo hello", {.out = stream::inherit(pipe.write.get())});
  BOOST_TEST(result.out.empty());
  pipe.write.close(); // ours was copied, and stays ours until here
  BOOST_TEST(read_to_end(pipe.read) == "hello\n");

  const int closed = pipe.read.get();
  pipe.read.close();
  const auto [code, what] = w.refusal({.in = stream::inherit(closed)});
  BOOST_CHECK(code == ta::errc::invalid_argument);
  BOOST_TEST(contains(what, "in: descriptor " + std::to_string(closed) + " isn't open"), what);
  BOOST_CHECK_THROW((void)stream::inherit(-1), ta::error);
  BOOST_TEST(
      w.run({"true"}, {.out = stream::inherit(), .err = stream::inherit()}).success()); // this program's own
}

BOOST_AUTO_TEST_CASE(what_a_waiting_task_is_given_by_number_may_be_closed_at_once) {
  ta::task_manager tasks{{.process_capacity = 1, .cancel_grace = 1min}};
  own_pipe gate, out, further;
  const auto first = tasks.run_command({}, {"cat"}, {.in = stream::inherit(gate.read.get())}).value();
  gate.read.close();
  ta::command_options options{.out = stream::inherit(out.write.get())};
  options.pass = std::vector<ta::passed_descriptor>{{further.write.get(), 5}};
  const auto second = tasks.run_command({}, {"sh", "-c", "echo one; echo two >&5"}, options).value();
  const ta::retry again{
      .max_attempts = 2, .backoff = {.first = 1ms}, .retry_on = [](const ta::failure&) { return true; }};
  const auto third = tasks.run_command({.retry = again}, {"./no-such-program"}, options).value();
  out.write.close();
  further.write.close();
  own_pipe others; // has their numbers
  gate.write.close();
  first.wait();
  BOOST_TEST(second.get().success());
  BOOST_CHECK_EXCEPTION((void)third.get(), ta::error, [](const ta::error& why) {
    return why.code() == ta::errc::command_not_found; // and not that the second attempt has no descriptor
  });
  BOOST_TEST(read_to_end(out.read) == "one\n"); // and then an end: no copy is left
  BOOST_TEST(read_to_end(further.read) == "two\n");
}

BOOST_AUTO_TEST_CASE(a_pipe_that_two_commands_own_ends_with_the_first) {
  world w;
  own_pipe pipe{O_CLOEXEC | O_NONBLOCK};
  const ta::descriptor seen{::dup(pipe.read.get())};
  ta::command_options first, second;
  first.out = stream::own(std::move(pipe.write));
  second.in = stream::own(std::move(pipe.read));
  auto count = w.tasks.run_command({}, {"wc", "-l"}, second).value();
  auto numbers = w.tasks.run_command({}, {"seq", "20000"}, first).value();
  BOOST_TEST(std::stoi(count.get().out) == 20000);
  BOOST_TEST(numbers.get().success());
  BOOST_TEST((::fcntl(seen.get(), F_GETFL) & O_NONBLOCK) == 0); // programs don't expect that
  const auto [code, what] = w.refusal(first);                   // it had one end to give
  BOOST_CHECK(code == ta::errc::invalid_argument);
  BOOST_TEST(contains(what, "out: the descriptor was none, or was given to another command"), what);
}

BOOST_AUTO_TEST_CASE(an_owned_descriptor_is_no_other_programs) {
  own_pipe pipe{0};
  const int fd = pipe.write.get();
  BOOST_REQUIRE(::fcntl(fd, F_GETFD) == 0);
  const auto owned = stream::own(std::move(pipe.write));
  BOOST_TEST(::fcntl(fd, F_GETFD) == FD_CLOEXEC);
}

BOOST_AUTO_TEST_CASE(an_owned_descriptor_that_no_command_takes_is_closed) {
  own_pipe pipe;
  { const auto unused = stream::own(std::move(pipe.write)); }
  BOOST_TEST(read_to_end(pipe.read).empty());
}

BOOST_AUTO_TEST_CASE(further_descriptors_have_the_numbers_that_they_are_to_have) {
  world w;
  own_pipe one, two;
  ta::command_options options;
  options.pass = {{.fd = one.write.get(), .number = 11},
                  {.fd = two.write.get(), .number = 10},
                  {.fd = two.write.get(), .number = 3}};
  const auto result = w.shell(
      "echo one >/dev/fd/11; echo two >/dev/fd/10; echo three >&3; ls /proc/self/fd | wc -l", options);
  BOOST_TEST(result.err == "");
  BOOST_TEST(std::stoi(result.out) == 7); // with the one that `ls` reads
  one.write.close();
  two.write.close();
  BOOST_TEST(read_to_end(one.read) == "one\n");
  BOOST_TEST(read_to_end(two.read) == "two\nthree\n");
}

/// Numbers that descriptors of this program have, each for another.
BOOST_AUTO_TEST_CASE(further_descriptors_may_change_places) {
  world w;
  std::array<own_pipe, 8> pipes;
  ta::command_options options;
  std::vector<ta::passed_descriptor> passed;
  std::string script;
  for (std::size_t i = 0; i < pipes.size(); ++i) {
    const int number = static_cast<int>(30 - i);
    passed.push_back({.fd = pipes[i].write.get(), .number = number});
    script += "echo " + std::to_string(i) + " >/dev/fd/" + std::to_string(number) + ";";
  }
  options.pass = passed;
  BOOST_TEST(w.shell(script, options).success());
  for (std::size_t i = 0; i < pipes.size(); ++i) {
    pipes[i].write.close();
    BOOST_TEST(read_to_end(pipes[i].read) == std::to_string(i) + "\n");
  }
}

BOOST_AUTO_TEST_CASE(what_contradicts_itself_is_refused_in_words) {
  world w;
  const auto expect = [&](ta::command_options options, const std::string& words) {
    const auto [code, what] = w.refusal(std::move(options));
    BOOST_CHECK(code == ta::errc::invalid_argument);
    BOOST_TEST(contains(what, words), what);
  };
  expect({.stdin_data = "x", .in = stream::null()}, "stdin_data: ");
  expect({.err = stream::null(), .merge_stderr = true}, "err: with merge_stderr");
  expect({.in = stream::pipe()}, "in: nobody would write");
  expect({.out = stream::pipe()}, "out: nobody would read");
  expect({.out = stream::read("/etc/passwd")}, "out: ");
  expect({.in = stream::append("x")}, "in: ");
  expect({.out = stream::null(), .on_terminal = true}, "terminal");
  expect({.pass = {{.fd = 0, .number = 2}}}, "pass: 2 ");
  expect({.pass = {{.fd = 0, .number = 5}, {.fd = 0, .number = 5}}}, "pass: the number 5 is there twice");
  expect({.pass = {{.fd = -1, .number = 5}}}, "pass: descriptor -1 isn't open");
  expect({.pass = {{.fd = 0, .number = 1 << 30}}}, "pass: ");
  expect({.umask = 01000}, "umask: ");
  expect({.stop_signal = 0}, "stop_signal: 0 ");
  expect({.stop_signal = 65}, "stop_signal: 65 ");
}

BOOST_AUTO_TEST_CASE(files_of_the_command_have_its_umask) {
  world w;
  const temporary_directory folder;
  BOOST_TEST(w.shell("umask", {.umask = 027}).out == "0027\n");
  const auto made = folder / "made";
  w.shell("echo x", {.out = stream::truncate(made), .umask = 077});
  struct stat facts {};
  BOOST_REQUIRE(::stat(made.c_str(), &facts) == 0);
  BOOST_TEST((facts.st_mode & 0777) == 0600);
}

BOOST_AUTO_TEST_CASE(a_command_runs_as_another_user_wholly_or_not_at_all) {
  world w;
  const auto* const nobody = ::getpwnam("nobody");
  BOOST_REQUIRE(nobody != nullptr);
  const auto user = std::to_string(nobody->pw_uid), group = std::to_string(nobody->pw_gid);
  BOOST_CHECK(w.refusal({.user = "no-such-user"}).first == ta::errc::invalid_argument);
  BOOST_CHECK(w.refusal({.group = "no-such-group"}).first == ta::errc::invalid_argument);
  BOOST_CHECK(w.refusal({.user = "4000000001"}).first == ta::errc::invalid_argument); // of which group?
  const auto [code, what] = w.refusal({.user = "nobody"});
  if (!is_root()) {
    BOOST_CHECK(code == ta::errc::not_permitted);
    BOOST_TEST(contains(what, "user 'nobody'"), what);
    return;
  }
  BOOST_TEST(!code, what);
  const int dumpable = ::prctl(PR_GET_DUMPABLE);
  const std::string all = "id -u; id -ru; id -g; id -rg; id -G";
  BOOST_TEST(w.shell(all, {.user = "nobody"}).out
             == user + "\n" + user + "\n" + group + "\n" + group + "\n" + group + "\n");
  BOOST_TEST(w.shell("id -u; id -g; id -G", {.user = "4000000001", .group = "4000000002"}).out
             == "4000000001\n4000000002\n4000000002\n");
  BOOST_TEST(w.shell("id -G", {.user = user, .groups = {"7", "8"}}).out == group + " 7 8\n");
  BOOST_TEST(w.shell("id -u; id -g", {.group = "nogroup"}).out
             == "0\n" + std::to_string(::getpwnam("nobody")->pw_gid) + "\n");
  BOOST_TEST(::prctl(PR_GET_DUMPABLE) == dumpable); // the child had our memory, and wasn't us any more
  BOOST_TEST(::geteuid() == 0U);

  const temporary_directory closed; // root's alone
  const auto [cwd, why] = w.refusal({.cwd = closed.path(), .user = "nobody"});
  BOOST_CHECK(cwd == ta::errc::invalid_argument);
  BOOST_TEST(contains(why, "Permission denied"), why);
  const auto ended = w.shell("sleep 1000", {.user = "nobody", .timeout = 100ms});
  BOOST_TEST(ended.timed_out);
  BOOST_TEST(ended.term_signal == SIGTERM);
}

/// This program once more, as one that isn't root's and may become anybody.
BOOST_AUTO_TEST_CASE(another_users_command_has_none_of_our_capabilities) {
  world w;
  constexpr auto* inside = "TASKACTOR_TEST_AS_NOBODY";
  const std::string ask = "grep CapAmb /proc/self/status";
  if (std::getenv(inside)) { // NOLINT(concurrency-mt-unsafe): nobody sets one
    BOOST_TEST(!contains(w.shell(ask).out, "0000000000000000")); // there are some to be handed on
    BOOST_TEST(w.shell(ask, {.user = "4000000001", .group = "4000000002"}).out
               == "CapAmb:\t0000000000000000\n");
    return;
  }
  if (!is_root() || !std::filesystem::exists("/usr/bin/setpriv"))
    return;
  const auto again
      = w.run({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+setuid,+setgid",
               "--ambient-caps=+setuid,+setgid", std::filesystem::read_symlink("/proc/self/exe").string(),
               "--run_test=given_streams/another_users_command_has_none_of_our_capabilities"},
              {.env = variables{{inside, "1"}}});
  if (again.exit_code == 126 || again.exit_code == 127)
    BOOST_TEST_MESSAGE("nobody may execute this program here: " + again.err);
  else
    BOOST_TEST(again.success(), again.out + again.err);
}

BOOST_AUTO_TEST_CASE(a_user_who_is_this_one_takes_no_right) {
  world w;
  const auto me = std::to_string(::geteuid());
  const auto result = w.shell("id -u", {.user = me});
  BOOST_TEST(result.out == me + "\n");
}

/// A group that ignores its first signal is killed; one that handles another ends by that.
BOOST_AUTO_TEST_CASE(the_first_signal_may_be_another_one) {
  world w;
  for (auto limit = 200ms;; limit *= 2) { // its clock starts before the script has set its trap
    const auto result = w.shell("trap 'exit 5' INT; echo ready; sleep 1000 & wait",
                                {.timeout = limit, .stop_signal = SIGINT, .grace = 1min});
    BOOST_TEST(result.timed_out);
    if (result.out != "ready\n" && limit < 30s)
      continue;
    BOOST_TEST(result.exit_code == 5);
    break;
  }
}

BOOST_AUTO_TEST_SUITE_END()
