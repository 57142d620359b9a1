#include "figure.hpp"

#include <stdexcept>
#include <string>

namespace bench {

double cost(const figure& what, const sample& of, std::size_t tasks) {
  const auto found = of.find(what.key);
  if (found == of.end())
    throw std::out_of_range{"said nothing of " + std::string{what.key}};
  return found->second * what.scale / (what.per_task ? static_cast<double>(tasks) : 1);
}

} // namespace bench
