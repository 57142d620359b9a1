// A program of named tasks that is nothing else: see test_named_program.py.
#include <taskactor/named_program.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>

#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/prctl.h>
#include <unistd.h>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace {

std::string repeat(std::string text, int times) {
  if (times < 0)
    throw std::domain_error{"fewer than none"};
  std::string result;
  for (int i = 0; i < times; ++i)
    result += text;
  return result;
}
int process_number() { return ::getpid(); }
ta::task<void> linger() {
  std::cerr << "lingers" << std::endl;
  co_await ta::sleep_for(1h);
}
/// Doesn't end when it is asked to.
void persist() {
  std::cerr << "persists" << std::endl;
  for (;;)
    std::this_thread::sleep_for(10ms);
}
int say(const std::string& what) {
  std::cout << what << std::endl;
  return ::getpid();
}
std::vector<std::byte> bytes(const std::vector<std::byte>& given) { return given; }
std::string broken_text() { return "\xff"; }
ta::json nested(int levels) {
  ta::json value;
  for (int i = 0; i < levels; ++i)
    value = ta::json::array({std::move(value)});
  return value;
}
ta::json tagged() { return ta::json::binary({1, 2}, 7); }
double boundless() { return std::numeric_limits<double>::infinity(); }
/// Whose conversion throws what is no exception of the standard library's.
struct stubborn {};
void to_json(ta::json&, const stubborn&) { throw 7; }
void from_json(const ta::json&, stubborn&) {}
stubborn unspeakable() { return {}; }
/// Another user's or a hardened program's processes can't be looked into.
const bool is_closed = std::getenv("TEST_CLOSED") && ::prctl(PR_SET_DUMPABLE, 0) == 0;

TASKACTOR_REGISTER_AS(repeat, "repeat", {.options = {.timeout = 90s}, .defaults = {2}});
TASKACTOR_REGISTER(process_number);
TASKACTOR_REGISTER_AS(linger, "linger", {.options = {.timeout = ta::no_timeout}});
TASKACTOR_REGISTER_AS(persist, "persist",
                      {.options = {.timeout = ta::no_timeout, .where = ta::run_where::thread}});
TASKACTOR_REGISTER(say);
TASKACTOR_REGISTER(bytes);
TASKACTOR_REGISTER(broken_text);
TASKACTOR_REGISTER(nested);
TASKACTOR_REGISTER(tagged);
TASKACTOR_REGISTER(boundless);
TASKACTOR_REGISTER(unspeakable);

} // namespace

TASKACTOR_MAIN()
