// What a group is made of, without a manager: its children, and what has gone wrong.
#include <boost/test/unit_test.hpp>
#include <taskactor/detail/body.hpp>
#include <taskactor/detail/group_errors.hpp>
#include <taskactor/detail/group_members.hpp>
#include <taskactor/taskactor.hpp>

#include <exception>
#include <stdexcept>
#include <vector>

BOOST_AUTO_TEST_SUITE(group_parts)

using namespace taskactor::detail;

ref<record> a_child() {
  return make_body([] {});
}

BOOST_AUTO_TEST_CASE(a_group_that_nobody_has_joined_takes_more_although_it_is_empty) {
  group_members members;
  BOOST_TEST(members.takes_more());
  BOOST_TEST(!members.over());
  members.join();
  BOOST_TEST(members.over());
  BOOST_TEST(members.gone());
  BOOST_TEST(!members.takes_more());
}

BOOST_AUTO_TEST_CASE(children_may_add_others_while_one_is_left) {
  group_members members;
  const auto first = a_child(), second = a_child();
  members.add(first);
  members.join();
  BOOST_TEST(members.takes_more());
  members.add(second);
  BOOST_TEST((members.remove(*first) == first));
  BOOST_TEST(!members.over());
  BOOST_TEST((members.remove(*second) == second));
  BOOST_TEST(members.over());
}

BOOST_AUTO_TEST_CASE(each_child_is_found_after_others_have_gone) {
  group_members members;
  std::vector<ref<record>> children;
  for (int i = 0; i < 5; ++i)
    members.add(children.emplace_back(a_child()));
  for (const auto which : {1, 0, 4, 2, 3})
    BOOST_TEST((members.remove(*children[which]) == children[which]));
  BOOST_TEST(members.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_group_that_was_killed_takes_none_and_is_over_without_a_join) {
  group_members members;
  const auto child = a_child();
  members.add(child);
  members.kill();
  BOOST_TEST(!members.takes_more());
  BOOST_TEST(!members.over());
  members.remove(*child);
  BOOST_TEST(members.over());
}

BOOST_AUTO_TEST_CASE(nobody_waits_for_what_is_left_behind_but_it_is_not_gone) {
  group_members members;
  const auto child = a_child(), attempt = a_child();
  members.add(child);
  members.join();
  members.add_left_behind(*attempt);
  BOOST_TEST((members.leave_behind(*child) == child));
  BOOST_TEST(members.over());
  BOOST_TEST(!members.gone());
  BOOST_TEST(!members.remove(*child));
  BOOST_TEST(members.has_left_behind());
  BOOST_TEST(!members.remove(*attempt));
  BOOST_TEST(members.gone());
}

BOOST_AUTO_TEST_CASE(an_error_that_comes_twice_is_kept_once) {
  const auto error = std::make_exception_ptr(std::runtime_error{"first"});
  group_errors errors;
  BOOST_TEST(errors.empty());
  errors.add(error);
  errors.add(std::make_exception_ptr(std::runtime_error{"second"}));
  errors.add(error);
  const auto taken = errors.take();
  BOOST_TEST(taken.size() == 2U);
  BOOST_TEST((taken.front() == error));
  errors.lose(error);
  errors.lose(std::make_exception_ptr(std::runtime_error{"another"}));
  BOOST_TEST((errors.lost() == error));
  BOOST_TEST(!errors.empty());
}

BOOST_AUTO_TEST_SUITE_END()
