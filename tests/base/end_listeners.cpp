// Who listens to one end: each is told once, or has left.
#include <taskactor/detail/end_listener.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace end_listeners {

using taskactor::detail::end_listener;

class one final : public end_listener {
public:
  one(std::string& told, char name) : end_listener(note), told_to_(&told), name_(name) {}

private:
  static void note(end_listener& listener) noexcept {
    const auto& self = static_cast<one&>(listener);
    *self.told_to_ += self.name_;
  }
  std::string* told_to_;
  char name_;
};

} // namespace end_listeners

BOOST_AUTO_TEST_SUITE(end_listeners)

BOOST_AUTO_TEST_CASE(each_is_told_once_the_last_who_came_first) {
  std::string told;
  one a{told, 'a'}, b{told, 'b'}, c{told, 'c'};
  taskactor::detail::end_listeners all;
  BOOST_TEST(all.empty());
  for (auto* each : {&a, &b, &c})
    all.add(*each);
  BOOST_TEST(!all.empty());
  all.tell_all();
  BOOST_TEST(told == "cba");
  BOOST_TEST(all.empty());
  all.tell_all();
  BOOST_TEST(told == "cba");
}

BOOST_AUTO_TEST_CASE(who_has_left_is_not_told_and_may_leave_twice) {
  std::string told;
  one a{told, 'a'}, b{told, 'b'}, c{told, 'c'};
  taskactor::detail::end_listeners all;
  all.remove(a); // it was never here
  for (auto* each : {&a, &b, &c})
    all.add(*each);
  all.remove(b);
  all.remove(b);
  all.tell_all();
  all.remove(a); // it has been told
  BOOST_TEST(told == "ca");
}

BOOST_AUTO_TEST_CASE(whoever_comes_and_goes_those_who_are_left_are_told) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      std::mt19937 random{seed};
      std::string told, expected;
      taskactor::detail::end_listeners all;
      std::vector<std::unique_ptr<one>> here; // the first who came first
      for (char name = 'a'; name <= 'z'; ++name) {
        all.add(*here.emplace_back(std::make_unique<one>(told, name)));
        expected += name;
        if (random() % 2 == 0) {
          const auto which = static_cast<std::ptrdiff_t>(random() % here.size());
          all.remove(*here[static_cast<std::size_t>(which)]);
          here.erase(here.begin() + which); // and is gone
          expected.erase(expected.begin() + which);
        }
      }
      all.tell_all();
      BOOST_TEST(told == std::string(expected.rbegin(), expected.rend()));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
