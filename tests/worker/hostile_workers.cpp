// Workers that write to their link what no worker should: the call is lost, and nothing else is harmed.
#include <boost/test/unit_test.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>

#include "transport/frame.hpp"
#include "worker/worker_protocol.hpp"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace hostile_workers {

using namespace ta::detail;

/// The worker's end of its link: the first socket above the standard streams.
int link_descriptor() {
  struct stat what {};
  for (int fd = 10; fd < 64; ++fd)
    if (::fstat(fd, &what) == 0 && S_ISSOCK(what.st_mode))
      return fd;
  ::_exit(99);
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR)
      ::_exit(98);
    bytes.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
}

std::string with_length(const std::string& content) {
  std::string frame;
  for (int shift = 24; shift >= 0; shift -= 8)
    frame += static_cast<char>(content.size() >> static_cast<unsigned>(shift) & 0xFFU);
  return frame + content;
}

std::string nested() {
  std::string result(100'000, '\x81');
  result += '\x01';
  return result;
}

/// The number of the call that runs: in a worker it is its task's id.
std::uint64_t own_number() { return std::stoull(std::string{ta::this_task::id()}); }

std::string bytes_of(const std::string& what) {
  const auto some = [](const std::string& bytes) { return ta::json::binary({bytes.begin(), bytes.end()}); };
  const auto number = own_number();
  if (what == "garbage")
    return with_length("\xC1\xFF garbage");
  if (what == "length of 4 GiB")
    return "\xFF\xFF\xFF\xFF";
  if (what == "length of zero")
    return std::string(4, '\0');
  if (what == "deep frame")
    return with_length(nested());
  if (what == "a million items")
    return with_length(std::string("\x9A\x00\x10\x00\x00", 5) + std::string(1 << 20, '\x80'));
  if (what == "deep result")
    return make_frame({worker_frame::result, number, some(nested())});
  if (what == "other call's result")
    return make_frame({worker_frame::result, number + 1, some("\x01")});
  if (what == "second hello")
    return make_frame({worker_frame::hello, worker_protocol_version});
  if (what == "parent's word")
    return make_frame({worker_frame::stop, number});
  if (what == "wrong types")
    return make_frame({worker_frame::progress, number, "one", -2, ta::json::array()});
  if (what == "a call for another call")
    return make_frame({worker_frame::ask, number + 1, 1, "flood", some("\x80"), false});
  if (what == "a result before its calls' end")
    return make_frame({worker_frame::ask, number, 1, "wait_for_pipe", some("\x81\x65/none"), false})
           + make_frame({worker_frame::result, number, some("\x01")});
  if (what == "a signal of its own")
    return make_frame({worker_frame::signal, number, 1, SIGSTOP});
  if (what == "unknown log level")
    return make_frame({worker_frame::log, number, 6, "", "text"});
  if (what == "log without text")
    return make_frame({worker_frame::log, number, 1, ""});
  if (what == "printed nothing known")
    return make_frame({worker_frame::printed, "all"});
  if (what == "too few fields")
    return make_frame(ta::json::array({worker_frame::failed}));
  return make_frame({worker_frame::result, number, some("\x01")}).substr(0, 6);
}

int write_to_parent(const std::string& what, bool exit) {
  write_all(link_descriptor(), bytes_of(what));
  if (exit)
    ::_exit(7);
  for (;;)
    ::pause();
}

int flood() {
  const auto fd = link_descriptor();
  std::string frames;
  for (std::uint64_t i = 0; i < 1000; ++i)
    frames += make_frame({worker_frame::progress, own_number(), i, 1000, std::string(100, 'x')});
  for (;;)
    write_all(fd, frames);
}

/// Answers with its process when somebody opens the pipe and closes it.
int wait_for_pipe(const std::string& path) {
  std::ifstream pipe{path};
  pipe.peek();
  return static_cast<int>(::getpid());
}

TASKACTOR_REGISTER(write_to_parent);
TASKACTOR_REGISTER(flood);
TASKACTOR_REGISTER(wait_for_pipe);

/// A manager with room for one worker beside the hostile one, in which a call runs from the beginning to the
/// end.
class neighbours {
public:
  neighbours() {
    BOOST_REQUIRE(::mkdtemp(folder_.data()));
    BOOST_REQUIRE(::mkfifo(pipe().c_str(), 0600) == 0);
    beside_ = tasks.run_in_process({}, wait_for_pipe, pipe()).value();
    while (tasks.statistics().workers.busy == 0)
      std::this_thread::yield();
  }
  ~neighbours() { std::filesystem::remove_all(folder_); }
  neighbours(const neighbours&) = delete;
  neighbours& operator=(const neighbours&) = delete;

  void check_undisturbed() {
    { const std::ofstream opened{pipe()}; }
    const auto answer = beside_->wait_outcome();
    BOOST_TEST(answer.has_value(), (answer ? std::string{} : answer.error().message()));
    while (tasks.statistics().process.in_use != 0) // a hostile worker's token comes back when it is dead
      std::this_thread::yield();
  }

  ta::task_manager tasks{{.process_capacity = 2, .cancel_grace = 100ms}};

private:
  std::string pipe() const { return folder_ + "/pipe"; }
  std::string folder_ = std::filesystem::temp_directory_path() / "taskactor.XXXXXX";
  std::optional<ta::handle<int>> beside_;
};

#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kept_free = std::size_t{256} << 20; // what is freed stays in its quarantine
#else
constexpr std::size_t kept_free = 0;
#endif

std::size_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

} // namespace hostile_workers

BOOST_AUTO_TEST_SUITE(hostile_workers)

BOOST_AUTO_TEST_CASE(whatever_a_worker_writes_its_call_is_lost_and_says_why) {
  const std::pair<const char*, const char*> sent[]
      = {{"garbage", "a frame that means nothing"},
         {"length of 4 GiB", "what is no frame"},
         {"length of zero", "what is no frame"},
         {"deep frame", "a frame that means nothing"},
         {"a million items", "a frame that means nothing"},
         {"deep result", "a frame that means nothing"},
         {"other call's result", "a frame that means nothing"},
         {"second hello", "a frame that means nothing"},
         {"parent's word", "a frame that means nothing"},
         {"wrong types", "a frame that can't be taken"},
         {"a call for another call", "a frame that means nothing"},
         {"a result before its calls' end", "a frame that means nothing"},
         {"a signal of its own", "a frame that means nothing"},
         {"unknown log level", "a frame that means nothing"},
         {"log without text", "a frame that can't be taken"},
         {"printed nothing known", "a frame that can't be taken"},
         {"too few fields", "a frame that can't be taken"}};
  neighbours here;
  std::size_t lost = 0;
  for (const auto& [what, said] : sent) {
    const auto outcome
        = here.tasks.run_in_process({}, write_to_parent, std::string{what}, false).value().wait_outcome();
    BOOST_REQUIRE_MESSAGE(outcome.state() == ta::state::failed, what);
    BOOST_CHECK_THROW(outcome.value(), ta::worker_lost);
    const auto text = outcome.error().message();
    BOOST_TEST(text.find(std::string{"it sent "} + said + ", and was killed") != std::string::npos,
               what << ": " << text);
    // A call that it has made runs for nobody then: its worker is killed as well.
    lost += what == std::string_view{"a result before its calls' end"} ? 2U : 1U;
    BOOST_TEST(here.tasks.statistics().workers.lost == lost);
  }
  here.check_undisturbed();
}

BOOST_AUTO_TEST_CASE(half_a_frame_and_an_exit_lose_the_call) {
  neighbours here;
  const auto outcome
      = here.tasks.run_in_process({}, write_to_parent, std::string{"half"}, true).value().wait_outcome();
  BOOST_REQUIRE(outcome.state() == ta::state::failed);
  BOOST_CHECK_THROW(outcome.value(), ta::worker_lost);
  BOOST_TEST(outcome.error().message().find("exit code 7") != std::string::npos);
  here.check_undisturbed();
}

BOOST_AUTO_TEST_CASE(half_a_frame_that_is_never_ended_is_waited_for_until_the_deadline) {
  neighbours here;
  const auto outcome
      = here.tasks.run_in_process({.timeout = 100ms}, write_to_parent, std::string{"half"}, false)
            .value()
            .wait_outcome();
  BOOST_CHECK(outcome.state() == ta::state::timed_out);
  here.check_undisturbed();
}

BOOST_AUTO_TEST_CASE(a_flood_of_frames_ends_at_the_deadline_and_is_not_kept) {
  neighbours here;
  for (int round = 0; round < 2; ++round) { // the first also takes what stays with the allocator
    const auto before = resident_bytes();
    const auto outcome = here.tasks.run_in_process({.timeout = 400ms}, flood).value().wait_outcome();
    BOOST_CHECK(outcome.state() == ta::state::timed_out);
    const auto now = resident_bytes();
    const auto grown = now - std::min(before, now);
    BOOST_TEST_MESSAGE("grown by " << grown / 1024 << " kB");
    BOOST_TEST(grown < kept_free + (std::size_t{64} << 20));
  }
  here.check_undisturbed();
}

BOOST_AUTO_TEST_SUITE_END()
