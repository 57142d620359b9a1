/// What the help and the manual page of `taskactor run` say beside the options: plain text, which each of the
/// two sets in its own way.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace taskactor::cli {

enum class shown_in : std::uint8_t { both, manual };

/// Paragraphs are filled, and separated by empty lines; lines that begin with two blanks stay as they are.
struct topic {
  std::string_view title;
  std::string_view text;
  shown_in where = shown_in::both;
};

/// A word, and what it means.
struct meaning {
  std::string_view word;
  std::string_view text;
};

std::string_view run_summary() noexcept;
/// Of the options, in the order in which they are shown.
std::span<const std::string_view> run_groups() noexcept;
/// What may stand for parts of an item.
std::span<const meaning> run_places() noexcept;
std::string_view run_places_note() noexcept;
std::span<const topic> run_topics() noexcept;
std::span<const meaning> run_exit_codes() noexcept;
/// Lines for a shell.
std::span<const std::string_view> run_examples() noexcept;

} // namespace taskactor::cli
