#include "batch/batch_lock.hpp"

#include "batch/batch_digest.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

/// Of all batches' names this many bytes of the file, which stays empty.
constexpr std::uint64_t lock_places = std::uint64_t{1} << 60;

struct flock place_of(const std::string& batch) {
  batch_digest name;
  name.add(batch);
  struct flock place {};
  place.l_type = F_WRLCK;
  place.l_whence = SEEK_SET;
  place.l_start = static_cast<off_t>(name.number() % lock_places);
  place.l_len = 1;
  return place;
}

} // namespace

batch_lock::batch_lock(const std::string& store_file, const std::string& batch) {
  const auto path = store_file + "-runs";
  file_ = detail::unique_fd{
      ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, S_IRUSR | S_IWUSR)};
  if (!file_)
    throw std::system_error{errno, std::generic_category(),
                            "the lock of the store's batches " + path + " can't be opened"};
  auto place = place_of(batch);
  if (::fcntl(file_.get(), F_SETLK, &place) == 0)
    return;
  if (errno != EACCES && errno != EAGAIN)
    throw std::system_error{errno, std::generic_category(), path + " can't be locked"};
  const auto holder = ::fcntl(file_.get(), F_GETLK, &place) == 0 && place.l_type != F_UNLCK
                          ? "process " + std::to_string(place.l_pid)
                          : std::string{"another process"};
  throw bad_batch{"the batch " + batch + " is being run by " + holder
                  + "; it can't be run twice at the same time. Wait for that, or name another one (--batch)"};
}

} // namespace taskactor::cli
