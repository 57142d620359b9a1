// How many processors there are for this program: affinity, and the quotas of control groups.
#include "support/temporary_directory.hpp"

#include "base/processor_quota.hpp"
#include <taskactor/processors.hpp>

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <sched.h>

namespace processors {

using taskactor::detail::processor_quota;

/// A system as far as it is looked at: files below a directory.
struct fake_system {
  void write(const std::string& path, const std::string& text) const {
    const auto file = root.path() + path;
    std::filesystem::create_directories(std::filesystem::path{file}.parent_path());
    std::ofstream{file} << text;
  }
  std::optional<double> quota() const { return processor_quota(root.path()); }

  test::temporary_directory root;
};

constexpr const char* unified
    = "30 22 0:27 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* separate
    = "30 22 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
      "31 30 0:28 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro master:9 - cgroup cgroup rw,cpu,cpuacct\n"
      "32 30 0:29 / /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset\n";

} // namespace processors

BOOST_AUTO_TEST_SUITE(processors)

BOOST_FIXTURE_TEST_CASE(without_groups_there_is_no_quota, fake_system) {
  BOOST_TEST(!quota());
  write("/proc/self/cgroup", "0::/a\n");
  write("/proc/self/mountinfo", "nonsense\n\n1 2 3:4 / / rw - ext4 /dev/root rw\n");
  BOOST_TEST(!quota());
}

BOOST_FIXTURE_TEST_CASE(the_least_quota_of_a_group_and_those_above_it_counts, fake_system) {
  write("/proc/self/mountinfo", unified);
  write("/proc/self/cgroup", "0::/a/b\n");
  write("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  BOOST_TEST(!quota());
  write("/sys/fs/cgroup/a/cpu.max", "150000 100000\n");
  BOOST_TEST(quota().value() == 1.5);
  write("/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
  BOOST_TEST(quota().value() == 1.5);
  write("/sys/fs/cgroup/a/b/cpu.max", "5000 10000\n");
  BOOST_TEST(quota().value() == 0.5);
}

BOOST_FIXTURE_TEST_CASE(in_a_container_with_a_view_of_its_own_the_top_is_the_containers, fake_system) {
  write("/proc/self/mountinfo", unified);
  write("/proc/self/cgroup", "0::/\n");
  write("/sys/fs/cgroup/cpu.max", "200000 100000\n");
  BOOST_TEST(quota().value() == 2);
  write("/proc/self/cgroup", "0::/../elsewhere\n");
  BOOST_TEST(quota().value() == 2);
}

BOOST_FIXTURE_TEST_CASE(version_1_has_a_hierarchy_for_processors, fake_system) {
  write("/proc/self/mountinfo", separate);
  write("/proc/self/cgroup", "5:cpuset:/x\n4:cpu,cpuacct:/docker/abc\n0::/\n");
  write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  BOOST_TEST(!quota());
  write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n");
  BOOST_TEST(quota().value() == 2.5);
  write("/proc/self/cgroup", "4:cpu,cpuacct:/docker/abc/inner\n");
  write("/sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_quota_us", "50000\n");
  write("/sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_period_us", "100000\n");
  BOOST_TEST(quota().value() == 0.5);
}

BOOST_FIXTURE_TEST_CASE(a_place_with_blanks_in_its_name_is_found, fake_system) {
  write("/proc/self/mountinfo", "30 22 0:27 / /my\\040groups rw - cgroup2 cgroup2 rw\n");
  write("/proc/self/cgroup", "0::/a\n");
  write("/my groups/a/cpu.max", "100000 100000\n");
  BOOST_TEST(quota().value() == 1);
}

BOOST_AUTO_TEST_CASE(a_thread_that_may_run_on_one_has_one) {
  BOOST_TEST(taskactor::usable_processors() >= 1u);
  BOOST_TEST(taskactor::usable_processors() <= std::thread::hardware_concurrency());
  std::size_t seen = 0;
  std::thread{[&seen] {
    cpu_set_t set;
    BOOST_REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
    int first = 0;
    while (!CPU_ISSET(first, &set))
      ++first;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    BOOST_REQUIRE(::sched_setaffinity(0, sizeof set, &set) == 0);
    seen = taskactor::usable_processors();
  }}.join();
  BOOST_TEST(seen == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
