// A library of tasks of a user's: no main, no list of what is in it.
#include <taskactor/registry.hpp>

#include <string>

std::string resize(const std::string& path, int width) {
  return path + ", " + std::to_string(width) + " wide";
}

TASKACTOR_REGISTER_AS(resize, "img.resize", {.defaults = {100}});
