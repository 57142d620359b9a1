/// Reads a script as a POSIX shell does, as far as is needed to know what a variable has to look like where
/// it stands: "${x}" among words, ${x} in double quotes or a here-document, '"${x}"' in single quotes.
///
/// It is exact or gives up: behind what it doesn't follow (a `case` in `$(...)`, quotes in `${...}`, a
/// here-document that begins in a line of nested commands) it reads on, and refuses the next place.
#pragma once

#include "run/script_cursor.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::cli {

inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
/// To a shell, where it isn't quoted.
inline bool ends_word(char c) {
  return c != '\0' && std::string_view{" \t\n;&|()<>"}.find(c) != std::string_view::npos;
}

class shell_script {
public:
  /// `lost`: why it isn't followed, from its begin on.
  explicit shell_script(std::span<const symbol> script, std::string_view lost = {})
      : script_(script), lost_(lost) {}

  /// The script with each place as it has to be written there. Errors: `bad_template`.
  std::string read();

private:
  /// A here-document that has been announced, and begins with the next line.
  struct document {
    std::string end;
    bool quoted = false;
    bool strips_tabs = false;
  };

  /// While it lives, a newline isn't the end of a line of commands.
  class inside {
  public:
    explicit inside(shell_script& of) : of_(of), before_(of.announced_outside_) {
      of.announced_outside_ += of.announced_.size();
    }
    inside(const inside&) = delete;
    inside& operator=(const inside&) = delete;
    ~inside() { of_.announced_outside_ = before_; }

  private:
    shell_script& of_;
    std::size_t before_;
  };

  // -- what a shell reads: each from its first character behind its last ----
  void commands(char end);
  void unquoted(bool at_word_begin);
  void single_quotes();
  void double_quotes();
  void backquotes();
  void dollar(bool quoted);
  void dollar_quotes();
  void arithmetic();
  void braces();
  void comment();
  void announce_document();
  std::string end_mark(document& of);
  void documents();
  void document_line(std::size_t end, bool quoted);

  // -- steps ----------------------------------------------------------------
  void take(std::size_t count = 1);
  void take_place(std::string_view before, std::string_view behind);
  /// From here on nothing is certain.
  void lose(std::string_view why);
  [[noreturn]] void refuse(const std::string& where) const;

  script_cursor script_;
  std::string_view lost_;
  std::string result_;
  std::vector<document> announced_;   // by the innermost commands that are open
  std::size_t announced_outside_ = 0; // by those around it
  std::size_t nested_ = 0;
};

} // namespace taskactor::cli
