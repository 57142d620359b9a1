#include <taskactor/predecessor.hpp>

namespace taskactor {

namespace {

std::string text_of(const std::string& id, state how, const std::string& first) {
  std::string text = "\"" + id + "\", which it was to run after, has ";
  text += how == state::failed ? "failed" : how == state::timed_out ? "timed out" : "been cancelled";
  if (first != id)
    text += ", a consequence of \"" + first + '"';
  return text;
}

} // namespace

predecessor_error::predecessor_error(std::string id, taskactor::state how, std::string first)
    : error(errc::predecessor_failed, text_of(id, how, first)),
      names_(std::make_shared<std::pair<std::string, std::string>>(std::move(id), std::move(first))),
      state_(how) {}

} // namespace taskactor
