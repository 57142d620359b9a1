#include "batch/item_spool.hpp"

#include "batch/batch_digest.hpp"
#include "cli/descriptors.hpp"
#include "run/items.hpp"
#include "run/opening.hpp"
#include "run/run_control.hpp"
#include "run/run_options.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

constexpr std::size_t spooled_at_once = std::size_t{1} << 16;

class item_file {
public:
  item_file() {
    const char* const set = std::getenv("TMPDIR");
    folder_ = set && *set ? set : "/tmp";
    std::string path = folder_ + "/taskactor-XXXXXX";
    file_ = unique_fd{::mkostemp(path.data(), O_CLOEXEC)};
    if (!file_)
      fail(errno);
    ::unlink(path.c_str());
  }
  void add(const std::string& item, char delimiter) {
    (text_ += item) += delimiter;
    if (text_.size() >= spooled_at_once)
      write();
  }
  /// To be read from its beginning.
  unique_fd finish() {
    write();
    if (::lseek(file_.get(), 0, SEEK_SET) != 0)
      fail(errno);
    return std::move(file_);
  }

private:
  void write() {
    if (const int error = write_all(file_.get(), text_))
      fail(error);
    text_.clear();
  }
  [[noreturn]] void fail(int error) const {
    throw std::system_error{error, std::generic_category(),
                            "the items can't be kept in " + folder_
                                + " (another folder: TMPDIR; with --batch NAME they needn't be)"};
  }

  std::string folder_;
  unique_fd file_;
  std::string text_;
};

} // namespace

std::unique_ptr<item_source> keep_items(item_source& from, batch_digest& digest, const run_options& options,
                                        run_control& control) {
  // A word of the command line may have a line end in it, and no NUL.
  const char delimiter = options.null || options.items ? '\0' : '\n';
  item_file kept;
  while (const auto item = from.next()) {
    digest.add(*item);
    kept.add(*item, delimiter);
  }
  if (!control.may_start())
    throw stopped_early{};
  return std::make_unique<read_items>(kept.finish(), "the kept items", delimiter, control);
}

} // namespace taskactor::cli
