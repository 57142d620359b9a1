#include "command/output.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace output {

using namespace taskactor;
using namespace taskactor::detail;

using strings = std::vector<std::string>;

strings lines_of(const strings& chunks, std::size_t limit = 100) {
  strings result;
  const auto keep = [&](std::string_view line) { result.emplace_back(line); };
  line_splitter splitter{limit};
  for (const auto& chunk : chunks)
    splitter.take(chunk, keep);
  splitter.finish(keep);
  return result;
}

} // namespace output

BOOST_AUTO_TEST_SUITE(output)

BOOST_AUTO_TEST_CASE(output_is_kept_up_to_the_limit_and_no_further) {
  capture kept{5};
  kept.take("abc");
  kept.take("de");
  BOOST_TEST(!kept.truncated());
  kept.take("f");
  kept.take("");
  BOOST_TEST(kept.truncated());
  BOOST_TEST(kept.release() == "abcde");
}

BOOST_AUTO_TEST_CASE(a_limit_of_zero_keeps_nothing) {
  capture kept{0};
  BOOST_TEST(!kept.truncated());
  kept.take("x");
  BOOST_TEST(kept.truncated());
  BOOST_TEST(kept.release() == "");
}

BOOST_AUTO_TEST_CASE(lines_are_found_wherever_the_chunks_end) {
  const std::string text = "one\n\ntwo\nlast";
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    BOOST_TEST((lines_of({text.substr(0, cut), text.substr(cut)}) == strings{"one", "", "two", "last"}));
}

BOOST_AUTO_TEST_CASE(a_newline_at_the_end_starts_no_further_line) {
  BOOST_TEST((lines_of({"one\n"}) == strings{"one"}));
  BOOST_TEST((lines_of({""}) == strings{}));
  BOOST_TEST((lines_of({"\n"}) == strings{""}));
}

BOOST_AUTO_TEST_CASE(a_line_of_exactly_the_limit_is_whole) {
  BOOST_TEST((lines_of({"abcd\n", "abcd", "\n"}, 4) == strings{"abcd", "abcd"}));
}

BOOST_AUTO_TEST_CASE(a_longer_line_comes_in_pieces_of_the_limit) {
  for (std::size_t cut = 0; cut <= 9; ++cut)
    BOOST_TEST(
        (lines_of({std::string("abcdefghi").substr(0, cut), std::string("abcdefghi\nx\n").substr(cut)}, 4)
         == strings{"abcd", "efgh", "i", "x"}));
}

BOOST_AUTO_TEST_CASE(what_a_line_listener_throws_is_kept_and_ends_its_calls) {
  int calls = 0;
  const command_options options{.on_line = [&](output_stream, std::string_view) {
    ++calls;
    throw std::runtime_error{"no more"};
  }};
  std::exception_ptr error;
  detail::output out{output_stream::out, options};
  out.take("one\ntwo\n", options, error);
  out.take("three\nfour", options, error);
  out.finish(options, error);
  BOOST_TEST(calls == 1);
  BOOST_REQUIRE(error);
  BOOST_CHECK_THROW(std::rethrow_exception(error), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
