// What a worker prints: cut into lines, kept as last words, captured for a call.
#include <boost/test/unit_test.hpp>

#include "worker/worker_output.hpp"

namespace ta = taskactor;
using ta::detail::worker_output;
using lines = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(worker_outputs)

BOOST_AUTO_TEST_CASE(streams_are_cut_into_lines_apart) {
  worker_output output;
  BOOST_CHECK((output.take(ta::output_stream::out, "one\ntw") == lines{"one"}));
  BOOST_CHECK((output.take(ta::output_stream::err, "oh\n") == lines{"oh"}));
  BOOST_CHECK((output.take(ta::output_stream::out, "o\n") == lines{"two"}));
  output.take(ta::output_stream::out, "no end");
  BOOST_CHECK((output.finish() == lines{"no end"}));
  BOOST_CHECK(output.finish().empty());
}

BOOST_AUTO_TEST_CASE(what_is_captured_is_kept_as_it_is_and_is_no_line) {
  worker_output output;
  output.begin_capture();
  BOOST_CHECK(output.take(ta::output_stream::out, "a\nb").empty());
  BOOST_CHECK(output.take(ta::output_stream::err, std::string_view{"\0x", 2}).empty());
  const auto kept = output.end_capture();
  BOOST_TEST(kept.out == "a\nb");
  BOOST_CHECK(kept.err == std::string("\0x", 2));
  BOOST_TEST(!kept.truncated);
  BOOST_CHECK((output.take(ta::output_stream::out, "c\n") == lines{"c"})); // nothing is left of "b"
  output.begin_capture();
  BOOST_TEST(output.end_capture().out.empty());
}

BOOST_AUTO_TEST_CASE(a_capture_keeps_the_first_mebibyte) {
  worker_output output;
  output.begin_capture();
  output.take(ta::output_stream::err, std::string((1U << 20) + 1, 'x'));
  const auto kept = output.end_capture();
  BOOST_TEST(kept.err.size() == 1U << 20);
  BOOST_TEST(kept.truncated);
}

BOOST_AUTO_TEST_CASE(the_last_eight_lines_are_last_words_captured_or_not) {
  worker_output output;
  BOOST_TEST(output.last_words().empty());
  for (int i = 0; i < 6; ++i)
    output.take(ta::output_stream::out, std::to_string(i) + "\n");
  output.begin_capture();
  output.take(ta::output_stream::err, "6\n7\n8\nno end");
  output.end_capture();
  BOOST_TEST(output.last_words() == "; its last words: 2 | 3 | 4 | 5 | 6 | 7 | 8 | no end");
}

BOOST_AUTO_TEST_SUITE_END()
