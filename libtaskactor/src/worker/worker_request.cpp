#include "worker/worker_request.hpp"

#include "base/cbor.hpp"
#include "transport/frame.hpp"
#include "worker/worker_protocol.hpp"

#include <atomic>

namespace taskactor::detail {

namespace {

std::atomic<std::uint64_t> last_number{0};

std::string frame_of(std::uint64_t number, const remote_callable& what, const std::string& arguments,
                     std::uint64_t fencing_token) {
  cbor_writer frame{frame_prefix};
  frame.array(5);
  frame.number(static_cast<std::uint64_t>(worker_frame::call));
  frame.number(number);
  frame.text(what.remote_name());
  frame.bytes(arguments);
  frame.number(fencing_token);
  return finish_frame(frame.take());
}

} // namespace

worker_request::worker_request(const remote_callable& what, const std::string& arguments,
                               std::uint64_t fencing_token, bool captures)
    : what_(what),
      number_(++last_number),
      captures_(captures),
      frame_(frame_of(number_, what, arguments, fencing_token)) {}

} // namespace taskactor::detail
