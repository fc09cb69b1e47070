// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "conformance/harness/check_context.h"
#include "ttrpc/envelope.h"
#include "ttrpc/frame.h"

namespace conformance {

// One frame as bytes. `length` announces something else than there is.
std::string FrameBytes(std::uint32_t stream, std::uint8_t type, absl::string_view data,
                       std::uint8_t flags = 0, std::optional<std::uint32_t> length = std::nullopt);
// A request frame around an encoded envelope.
std::string RequestFrame(std::uint32_t stream, const ttrpc::RequestEnvelope& request,
                         std::uint8_t flags = 0);

// A frame that a shim sent.
struct WireFrame {
  ttrpc::FrameHeader header;
  std::string data;
};

// A connection to a shim that is made of bytes, for what no honest client sends. It speaks for
// itself alone: what proves that the shim lives is a call over an ordinary connection.
class WireConnection {
 public:
  // Ends the check when the shim cannot be connected to.
  WireConnection(CheckContext& check, ShimUnderTest& shim);

  // Sends all of it, as fast as the shim reads. False if the shim has closed the connection, or
  // does not read for five seconds.
  bool Send(absl::string_view bytes);
  // Sends what goes without waiting; returns how much that was.
  std::size_t SendSome(absl::string_view bytes);

  // The first frame on `stream`, or none: the shim closed the connection or stayed silent.
  std::optional<WireFrame> Await(std::uint32_t stream,
                                 std::chrono::milliseconds deadline = std::chrono::seconds(5));
  // What that frame says: the payload, or the error it carries. UNAVAILABLE when there is none,
  // DATA_LOSS when it is no response.
  absl::StatusOr<std::string> Answer(std::uint32_t stream);
  // All frames received so far on `stream`.
  std::size_t Count(std::uint32_t stream);
  // Frames received so far, on any stream.
  std::size_t received() const { return received_; }

  bool AwaitClose(std::chrono::milliseconds deadline = std::chrono::seconds(5));
  [[nodiscard]] bool closed() const { return closed_; }
  // The longest frame the shim has announced.
  [[nodiscard]] std::uint32_t longest() const { return longest_; }

  void CloseWriting();  // the shim sees EOF, and may still answer
  void Close();

 private:
  void Receive();
  void Cut();

  CheckContext& check_;
  base::UniqueFd socket_;
  std::string buffer_;
  std::map<std::uint32_t, std::vector<WireFrame>> frames_;  // by stream
  std::size_t received_ = 0;
  std::uint32_t longest_ = 0;
  bool closed_ = false;
  bool unwritable_ = false;
};

// "containerd.task.v3.Task", in the version the shim announced.
std::string TaskServiceOf(const ShimUnderTest& shim);
// A well-formed Connect request for stream `stream`.
std::string ConnectFrame(const ShimUnderTest& shim, std::uint32_t stream);

}  // namespace conformance
