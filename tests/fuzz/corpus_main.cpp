// Runs a fuzz target without libFuzzer: on each file of a folder, and on mutations of them, the same ones
// each time.
//
//     test_fuzz_frames CORPUS [ROUNDS]
#include "fuzz.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace {

std::string current; // what is being run

void print_current(int) {
  std::fputs("with the input: ", stderr);
  for (const char each : current)
    std::fprintf(stderr, "%02x", static_cast<unsigned>(static_cast<unsigned char>(each)));
  std::fputc('\n', stderr);
}

void run(std::string bytes) {
  current = std::move(bytes);
  static_cast<void>(
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size()));
}

std::vector<std::string> contents_of(const char* folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end()); // so that the mutations are the same everywhere
  std::vector<std::string> contents;
  for (const auto& path : paths) {
    std::ifstream file{path, std::ios::binary};
    contents.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
  }
  return contents;
}

std::string mutated(std::string bytes, const std::string& other, std::mt19937& random) {
  for (auto changes = 1 + random() % 4; changes != 0; --changes) {
    const auto at = bytes.empty() ? 0 : random() % bytes.size();
    const auto any = static_cast<char>(random());
    switch (random() % 5) {
    case 0:
      bytes.insert(at, 1, any);
      break;
    case 1:
      bytes.erase(at, 1 + random() % 3);
      break;
    case 2:
      bytes.replace(at, 1, 1, static_cast<char>(bytes.empty() ? 0 : bytes[at] ^ 1 << random() % 8));
      break;
    case 3:
      bytes.replace(at, std::string::npos, other, other.size() - random() % (other.size() + 1));
      break;
    default:
      bytes.replace(at, 1, 1, any);
    }
  }
  return bytes;
}

} // namespace

int main(int argc, char* argv[]) {
  if (argc < 2) {
    std::cerr << "usage: " << argv[0] << " CORPUS [ROUNDS]\n";
    return 2;
  }
  std::signal(SIGABRT, print_current);
  const auto contents = contents_of(argv[1]);
  if (contents.empty()) {
    std::cerr << argv[1] << ": no files\n";
    return EXIT_FAILURE;
  }
  for (const auto& each : contents)
    run(each);
  std::mt19937 random{20};
  const int rounds = argc > 2 ? std::stoi(argv[2]) : 10'000;
  for (int round = 0; round < rounds; ++round) {
    const auto& one = contents[random() % contents.size()];
    const auto& other = contents[random() % contents.size()];
    run(mutated(one, other, random));
  }
  std::cout << contents.size() << " files and " << rounds << " mutations\n";
}
