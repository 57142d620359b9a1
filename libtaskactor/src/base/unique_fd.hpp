/// A file descriptor that is closed when its owner goes.
#pragma once

#include <utility>

namespace taskactor::detail {

class unique_fd {
public:
  unique_fd() noexcept = default;
  explicit unique_fd(int fd) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~unique_fd() { close(); }

  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  /// Returns what close(2) had to complain of, an `errno`; 0: nothing. Keeps errno itself.
  int close() noexcept;

private:
  int fd_ = -1;
};

/// Takes what a system call returned: a descriptor, or -1 and errno. All descriptors of this layer are
/// close-on-exec.
///
/// The numbers below 10 are those that a child's streams are put to; a descriptor that happens to get one of
/// them (a program may have closed its standard streams) is moved up, so that no child's stream is
/// overwritten by another. Errors: `std::system_error` with `what`.
unique_fd own(int fd, const char* what);

struct pipe_ends {
  unique_fd read;
  unique_fd write;
};

/// Errors: `std::system_error`, with nothing left open.
pipe_ends make_pipe();

/// Makes reads and writes at this end return instead of wait.
void set_nonblocking(const unique_fd& end);

} // namespace taskactor::detail
