// A program of a user of the installed library of schedules: the next time of a trigger, after a time.
#include <taskactor/schedule.hpp>

#include <iostream>

int main(int, char** words) {
  const auto t = taskactor::trigger::parse(words[1]).value();
  const auto next = t.next(taskactor::parse_rfc3339(words[2]).value());
  std::cout << taskactor::to_rfc3339(next->nominal, t.zone()) << '\n';
}
