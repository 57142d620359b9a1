#include "peer.hpp"

#include <cstdlib>
#include <iostream>
#include <stdexcept>

namespace bench {

namespace {

void print_about(const peer& who) {
  std::cout << R"({"name": ")" << who.name << R"(", "version": ")" << who.version << R"(", "works": [)";
  const char* separator = "\"";
  for (const auto& [name, run] : who.works) {
    std::cout << separator << name << '"';
    separator = ", \"";
  }
  std::cout << "]}\n";
}

} // namespace

int serve(const peer& who, int argc, char** argv, int skip) {
  const std::vector<std::string> arguments(argv + 1 + skip, argv + argc);
  if (arguments == std::vector<std::string>{"--about"}) {
    print_about(who);
    return 0;
  }
  const auto found = arguments.size() == 2 ? who.works.find(arguments[0]) : who.works.end();
  if (found == who.works.end()) {
    std::cerr << "usage: PROGRAM WORK SIZE, or --about\n";
    return 2;
  }
  try {
    std::cout << to_json(found->second(std::stoul(arguments[1]))) << '\n';
    return 0;
  } catch (const std::exception& error) {
    std::cerr << who.name << ": " << error.what() << '\n';
    return 1;
  }
}

void results::check() const {
  for (std::size_t i = 0; i < values_.size(); ++i)
    check_equal(values_[i], i);
}

std::size_t plain_fib(std::size_t n) { return n < 2 ? n : plain_fib(n - 1) + plain_fib(n - 2); }

} // namespace bench
