// The table of cron expressions, zones and their next fires: tests/schedule/cron_cases.tsv.
#include "schedule/fires.hpp"

#include <taskactor/schedule.hpp>

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <string>
#include <vector>

namespace cron_cases {

namespace ta = taskactor;

std::vector<std::string> parts_of(const std::string& line, char between) {
  std::vector<std::string> parts{{}};
  for (const char c : line)
    if (c == between)
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

} // namespace cron_cases

BOOST_AUTO_TEST_SUITE(cron_cases)

BOOST_AUTO_TEST_CASE(each_row_of_the_table_holds) {
  std::ifstream table{TASKACTOR_CRON_CASES};
  std::string line;
  std::getline(table, line);
  BOOST_TEST(line.starts_with("expression\tzone\tstart_utc\tnext_five_utc"));
  int rows = 0;
  while (std::getline(table, line)) {
    const auto columns = parts_of(line, '\t');
    BOOST_TEST_REQUIRE(columns.size() == 5U, line);
    ++rows;
    const auto made = ta::trigger::cron(columns[0], {.zone = columns[1]});
    if (columns[3] == "ERROR" || columns[3] == "NEVER") {
      BOOST_TEST(!made, line);
      continue;
    }
    BOOST_TEST_REQUIRE(made.has_value(), line);
    const auto wanted = parts_of(columns[3], ',');
    const auto found = schedule_tests::fires(*made, schedule_tests::instant(columns[2]), 5);
    BOOST_TEST(found == wanted, line);
  }
  BOOST_TEST(rows == 65);
}

BOOST_AUTO_TEST_SUITE_END()
