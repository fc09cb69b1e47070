// SPDX-License-Identifier: Apache-2.0
// Whatever a peer sends: what the session sends back is well-formed, each call is answered once,
// and at the end a new call is still served.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>

#include "ttrpc/server_session.h"
#include "ttrpc/testing/frames.h"

namespace {

using ttrpc::Clock;

void Require(bool condition) {
  if (!condition) std::abort();
}

class Driver {
 public:
  void Receive(absl::string_view bytes, std::size_t chunk) {
    ttrpc::testing::Feed(session_, bytes, chunk, [&] {
      while (const auto call = session_.NextCall(now_)) OnCall(*call);
      now_ += std::chrono::nanoseconds(1);
      for (const auto& callback : session_.Expire(now_)) callback();
      CheckOutput();
    });
  }
  // Ends what is open and checks the books.
  void Finish() {
    for (const auto& callback : session_.Drain(absl::UnavailableError("end"))) callback();
    CheckOutput();
    Require(session_.calls_in_flight() == 0 && !session_.next_deadline());
    Require(ended_ == open_);
  }

 private:
  // The method decides what the handler does: answer, fail, or leave it for later.
  void OnCall(const ttrpc::ServerSession::Call& call) {
    Require(call.stream % 2 == 1 && call.stream > last_stream_);
    last_stream_ = call.stream;
    const std::size_t kind = call.request.method.size() % 3;
    if (kind == 0) {
      Require(session_.Respond(call.stream, std::string(call.request.payload)));
      Require(!session_.Respond(call.stream, ""));
    } else if (kind == 1) {
      Require(session_.Respond(call.stream, absl::UnknownError(call.request.service)));
    } else {
      open_.insert(call.stream);
      Require(session_.OnAbandoned(
          call.stream, [this, stream = call.stream] { Require(ended_.insert(stream).second); }));
    }
  }
  void CheckOutput() {
    const std::string bytes = ttrpc::testing::TakeBytes(session_.output());
    std::size_t size = 0;
    for (const auto& frame : ttrpc::testing::SplitFrames(bytes)) {
      size += ttrpc::kFrameHeaderBytes + frame.data.size();
      Require(frame.header.type == ttrpc::kFrameResponse && frame.header.flags == 0);
      Require(frame.header.length <= ttrpc::kFrameDataBytesMax);
      Require(ttrpc::testing::ToAnswer(frame).code >= 0);
    }
    Require(size == bytes.size());
  }

  ttrpc::ServerSession session_;
  Clock::time_point now_;
  std::uint32_t last_stream_ = 0;
  std::set<std::uint32_t> open_;
  std::set<std::uint32_t> ended_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Driver driver;
  driver.Receive({reinterpret_cast<const char*>(data) + 1, size - 1}, data[0] + 1u);
  driver.Finish();
  return 0;
}
