// Compresses every file below a folder by zlib, on threads and then in processes: the same function, and what
// it costs to be safe from its crashes. The folder is the first argument, or C++'s own headers.
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>
#include <taskactor/worker_entry.hpp>

#include <zlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace ta = taskactor;
namespace fs = std::filesystem;

struct packed {
  std::uint64_t before = 0, after = 0, checksum = 0;
  bool operator==(const packed&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(packed, before, after, checksum)

packed compress_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  file.exceptions(std::ios::failbit | std::ios::badbit);
  const std::vector<unsigned char> content{std::istreambuf_iterator<char>{file}, {}};
  auto size = ::compressBound(content.size());
  std::vector<unsigned char> out(size);
  if (const int code = ::compress(out.data(), &size, content.data(), content.size()); code != Z_OK)
    throw std::runtime_error{path + ": " + ::zError(code)};
  return {content.size(), size, ::crc32(0, out.data(), static_cast<uInt>(size))};
}
TASKACTOR_REGISTER_AS(compress_file, "compress_file", {.process = {.memory = std::size_t{1} << 30}});

template <class F>
std::vector<packed> compress_all(ta::task_manager& tasks, const char* where, F compress,
                                 const std::vector<std::string>& files) {
  const auto began = std::chrono::steady_clock::now();
  const auto all = tasks.gather({}, compress, files);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  std::vector<packed> results;
  packed sum;
  for (std::size_t i = 0; i < files.size(); ++i)
    if (all[i]) {
      results.push_back(*all[i]);
      sum.before += all[i]->before;
      sum.after += all[i]->after;
    } else {
      std::cout << files[i] << ": " << all[i].error() << '\n';
    }
  std::cout << where << ": " << results.size() << " files of " << sum.before << " bytes to " << sum.after
            << '\n';
  std::clog << where << ": " << took.count() << " ms\n"; // apart from the output, which is the same each time
  return results;
}

int main(int argc, char* argv[]) {
  if (const auto code = ta::worker_entry(argc, argv))
    return *code;
  std::vector<std::string> files;
  for (const auto& each : fs::recursive_directory_iterator{argc > 1 ? argv[1] : "/usr/include/c++"})
    if (each.is_regular_file())
      files.push_back(each.path());
  ta::task_manager tasks;
  auto on_thread = [](std::string file) -> ta::task<packed> {
    co_return co_await ta::run_in_thread(compress_file, file);
  };
  auto in_process = [](const std::string& file) { return ta::run_in_process(compress_file, file); };
  const auto here = compress_all(tasks, "on threads", on_thread, files);
  const auto there = compress_all(tasks, "in processes", in_process, files);
  std::cout << (!here.empty() && here == there ? "the same results\n" : "different results\n");
}

// Output:
// on threads: ... files of ... bytes to ...
// in processes: ... files of ... bytes to ...
// the same results
