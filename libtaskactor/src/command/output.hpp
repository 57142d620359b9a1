/// What becomes of the bytes of one output stream: kept up to a bound, or handed out, as they are or by
/// lines.
#pragma once

#include <taskactor/command.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

namespace taskactor::detail {

/// Keeps the first `limit` bytes, and knows whether there were more.
class capture {
public:
  explicit capture(std::size_t limit) noexcept : limit_(limit) {}
  void take(std::string_view bytes);
  bool truncated() const noexcept { return truncated_; }
  std::string release() noexcept { return std::move(text_); }

private:
  std::size_t limit_;
  bool truncated_ = false;
  std::string text_;
};

/// Cuts bytes into lines of at most `limit` bytes; holds one unfinished line and no more.
class line_splitter {
public:
  explicit line_splitter(std::size_t limit) noexcept : limit_(limit) {}

  template <class F>
  void take(std::string_view bytes, F&& on_line) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      piece(bytes.substr(0, end), end != bytes.npos, on_line);
      bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
    }
  }
  bool has_rest() const noexcept { return !unfinished_.empty(); }
  /// A last line without a newline.
  template <class F>
  void finish(F&& on_line) {
    if (!unfinished_.empty())
      on_line(std::string_view{unfinished_});
    unfinished_.clear();
  }

private:
  template <class F>
  void piece(std::string_view text, bool ends, F& on_line) {
    while (unfinished_.size() + text.size() > limit_) {
      const auto room = limit_ - unfinished_.size();
      hand_out(text.substr(0, room), on_line);
      text.remove_prefix(room); // something is left: a line of exactly `limit` bytes is whole
    }
    if (ends)
      hand_out(text, on_line);
    else
      unfinished_.append(text);
  }
  template <class F>
  void hand_out(std::string_view text, F& on_line) {
    if (unfinished_.empty())
      return on_line(text);
    unfinished_.append(text);
    on_line(std::string_view{unfinished_});
    unfinished_.clear();
  }

  std::size_t limit_;
  std::string unfinished_;
};

/// One stream of one command, in any of these ways.
class output {
public:
  output(output_stream which, const command_options& options);
  /// Never throws: what a handler throws is kept in `error`, and the rest of the stream is dropped.
  void take(std::string_view bytes, const command_options& options, std::exception_ptr& error) noexcept;
  void finish(const command_options& options, std::exception_ptr& error) noexcept;
  bool truncated() const noexcept { return capture_.truncated(); }
  std::string release() noexcept { return capture_.release(); }

private:
  output_stream which_;
  capture capture_;
  line_splitter lines_;
};

} // namespace taskactor::detail
