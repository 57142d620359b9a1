#include "worker/worker_words.hpp"

#include "worker/worker_protocol.hpp"

namespace taskactor::detail {

command_line worker_words(std::vector<std::string> program, const std::vector<std::string>& libraries) {
  if (program
          .empty()) // though its file may have been replaced since; the child's own, which it may always read
    program = {"/proc/self/exe"};
  std::vector<std::string> marks{worker_argument};
  for (const auto& library : libraries) {
    marks.emplace_back(load_argument);
    marks.push_back(library);
  }
  program.insert(program.begin() + 1, marks.begin(), marks.end());
  return program;
}

} // namespace taskactor::detail
