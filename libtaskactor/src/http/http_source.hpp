/// Where the body of a request that isn't in memory comes from.
#pragma once

#include "base/unique_fd.hpp"

#include <taskactor/sync/channel.hpp>
#include <taskactor/task.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace taskactor::detail {

class http_transfer;

class http_source {
public:
  virtual ~http_source() = default;
  /// Before the body is sent, each time. Returns its length; negative: unknown. Errors: `http::error`.
  virtual task<std::int64_t> begin() = 0;
  /// The next piece; empty at the end, or when the transfer is over before there is one.
  virtual task<std::optional<std::string>> next(std::shared_ptr<http_transfer> to) = 0;
};

class file_body final : public http_source {
public:
  explicit file_body(std::string path) : path_(std::move(path)) {}
  task<std::int64_t> begin() override;
  task<std::optional<std::string>> next(std::shared_ptr<http_transfer> to) override;

private:
  const std::string path_;
  std::shared_ptr<unique_fd> file_; // shared with the call that reads it
};

class channel_body final : public http_source {
public:
  channel_body(channel<std::string> from, std::int64_t length) : from_(std::move(from)), length_(length) {}
  task<std::int64_t> begin() override;
  task<std::optional<std::string>> next(std::shared_ptr<http_transfer> to) override;

private:
  const channel<std::string> from_;
  const std::int64_t length_;
};

/// A file that the body of an answer goes to. Made, or emptied, by the first `write` or the `close`.
class file_sink {
public:
  explicit file_sink(std::string path) : path_(std::move(path)) {}
  task<void> write(std::string piece);
  /// Errors of the end: a disk that is full may be told as late as that.
  task<void> close();

private:
  const std::string path_;
  std::shared_ptr<unique_fd> file_;
};

} // namespace taskactor::detail
