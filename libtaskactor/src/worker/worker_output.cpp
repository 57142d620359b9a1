#include "worker/worker_output.hpp"

#include <utility>

namespace taskactor::detail {

auto worker_output::into(std::vector<std::string>& lines) {
  return [this, &lines](std::string_view line) {
    words_.emplace_back(line.substr(0, word_limit));
    if (words_.size() > words_limit)
      words_.pop_front();
    if (!capturing_)
      lines.emplace_back(line);
  };
}

std::vector<std::string> worker_output::take(output_stream which, std::string_view bytes) {
  std::vector<std::string> lines;
  if (capturing_)
    (which == output_stream::out ? kept_out_ : kept_err_).take(bytes);
  (which == output_stream::out ? out_ : err_).take(bytes, into(lines));
  logged_ = logged_ || !lines.empty();
  return lines;
}

std::vector<std::string> worker_output::finish() {
  std::vector<std::string> lines;
  out_.finish(into(lines));
  err_.finish(into(lines));
  logged_ = logged_ || !lines.empty();
  return lines;
}

void worker_output::begin_capture() { capturing_ = true; }

call_output worker_output::end_capture() {
  finish();
  capturing_ = false;
  auto out = std::exchange(kept_out_, capture{capture_limit});
  auto err = std::exchange(kept_err_, capture{capture_limit});
  const bool truncated = out.truncated() || err.truncated();
  return {out.release(), err.release(), truncated};
}

std::string worker_output::last_words() const {
  std::string text;
  for (const auto& word : words_)
    text += (text.empty() ? "; its last words: " : " | ") + word;
  return text;
}

} // namespace taskactor::detail
