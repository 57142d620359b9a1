// The entry point of every test program; its tests are the sources of the program's layer.
#include <boost/test/unit_test.hpp>
#include <taskactor/worker_entry.hpp>

namespace {

bool name_the_module() {
  boost::unit_test::framework::master_test_suite().p_name.value = "taskactor";
  return true;
}

} // namespace

int main(int argc, char* argv[]) {
  if (const auto code = taskactor::worker_entry(argc, argv)) // the tests of run_in_process start this again
    return *code;
  // Not BOOST_TEST_MODULE: it would have to come before the precompiled header, which includes Boost.Test.
  return boost::unit_test::unit_test_main(&name_the_module, argc, argv);
}
