#include <taskactor/http/header_list.hpp>

#include <algorithm>

namespace taskactor::http {

namespace {

/// Of ASCII, whatever the locale.
char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

} // namespace

void header_list::set(std::string name, std::string value) {
  header field{std::move(name), std::move(value)};
  const auto first = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const header& each) { return same_name(each.name, field.name); });
  if (first == fields_.end()) {
    fields_.push_back(std::move(field));
    return;
  }
  const auto rest = std::remove_if(first + 1, fields_.end(),
                                   [&](const header& each) { return same_name(each.name, field.name); });
  fields_.erase(rest, fields_.end());
  *first = std::move(field);
}

std::size_t header_list::erase(std::string_view name) {
  return std::erase_if(fields_, [&](const header& each) { return same_name(each.name, name); });
}

const std::string* header_list::find(std::string_view name) const noexcept {
  for (const auto& each : fields_)
    if (same_name(each.name, name))
      return &each.value;
  return nullptr;
}

std::string_view header_list::operator[](std::string_view name) const noexcept {
  const auto* const found = find(name);
  return found ? std::string_view{*found} : std::string_view{};
}

std::vector<std::string> header_list::all(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& each : fields_)
    if (same_name(each.name, name))
      found.push_back(each.value);
  return found;
}

} // namespace taskactor::http
