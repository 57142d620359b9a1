/// The command as it was given, with the places where an item's parts go.
///
///     {}  the item          {#} its number, from 1
///     {.} without extension {/} its last part {//} its folder {/.} its last part without extension
///
/// Without any of these the item becomes the last argument. The names and meanings are GNU parallel's. A
/// backslash before one makes it text (\{}), two are a backslash before an item; in a script for a shell,
/// which reads them itself, two stay two. Another word can stand for the item in place of {}, which then is
/// text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::cli {

enum class part_of_item : std::uint8_t { whole, number, stem, name, folder, name_stem };

std::string part(part_of_item which, std::string_view item, std::size_t number);

/// Text, or a place for a part of the item.
struct piece {
  bool is_place = false;
  part_of_item what{};
  std::string text{}; ///< of a place: how it was written
};

/// The command can't be made of the words. The message is for users.
class bad_template : public std::runtime_error {
public:
  using runtime_error::runtime_error;
};

/// How the words of a command are read.
struct template_options {
  /// The words are joined by spaces, and /bin/sh reads the result; see `shell_template`.
  bool shell = false;
  /// What stands for the item; not empty, and without a backslash.
  std::string whole = "{}";
};

/// Cuts a word at its places.
std::vector<piece> pieces_of(std::string_view word, const template_options& how);

class command_template {
public:
  /// Errors: `bad_template`.
  command_template(const std::vector<std::string>& words, const template_options& how);

  std::vector<std::string> make(std::string_view item, std::size_t number) const;
  /// The program doesn't depend on the item: when it can't be run once, it never can.
  bool has_fixed_program() const noexcept { return fixed_program_; }

private:
  std::vector<std::vector<piece>> words_;
  bool fixed_program_;
};

} // namespace taskactor::cli
