#include "run/output.hpp"

#include "cli/descriptors.hpp"
#include "cli/screen.hpp"
#include "cli/text.hpp"
#include "run/job.hpp"
#include "run/used_files.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

[[noreturn]] void fail_to_write(const std::string& what, int error) {
  throw std::system_error{error, std::generic_category(), what + " can't be written"};
}

} // namespace

output::output(screen& streams, std::string folder, const used_files& files)
    : screen_(streams), folder_(std::move(folder)), files_(files) {
  if (folder_.empty())
    return;
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (!std::filesystem::is_directory(folder_))
    fail_to_write("the folder " + shell_quoted(folder_), error ? error.value() : ENOTDIR);
}

void output::put(const job_result& ended) {
  if (!ended.started)
    return;
  if (folder_.empty()) {
    put(output_stream::out, ended.out);
    put(output_stream::err, ended.err);
  } else {
    write_file(ended.what.number, ".out", ended.out);
    write_file(ended.what.number, ".err", ended.err);
  }
}

void output::put(output_stream which, std::string_view bytes) {
  const int error = bytes.empty() ? 0 : screen_.write(which, bytes);
  if (error == EPIPE && which == output_stream::out)
    throw no_reader{"standard output has no reader"};
  if (error != 0)
    fail_to_write(which == output_stream::out ? "standard output" : "standard error", error);
}

/// A new one can't be anything else; from one that was there nothing is taken before that is known.
unique_fd output::open(const std::string& path) const {
  constexpr int flags = O_WRONLY | O_CREAT | O_NOCTTY | O_CLOEXEC;
  unique_fd file{::open(path.c_str(), flags | O_EXCL, 0666)};
  if (file || errno != EEXIST)
    return file;
  file = unique_fd{::open(path.c_str(), flags, 0666)};
  if (!file)
    return file;
  files_.check(file.get(), "the output " + shell_quoted(path));
  struct stat is {};
  if (::fstat(file.get(), &is) == 0 && S_ISREG(is.st_mode) && ::ftruncate(file.get(), 0) != 0)
    file.close();
  return file;
}

void output::write_file(std::size_t number, const char* suffix, std::string_view bytes) const {
  const auto path = folder_ + '/' + std::to_string(number) + suffix;
  auto file = open(path);
  if (!file)
    fail_to_write(shell_quoted(path), errno);
  int error = write_all(file.get(), bytes);
  if (const int late = file.close(); error == 0)
    error = late;
  if (error != 0)
    fail_to_write(shell_quoted(path), error);
}

} // namespace taskactor::cli
