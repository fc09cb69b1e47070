// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "ttrpc/limits.h"
#include "ttrpc/reply.h"

namespace ttrpc {

struct CallOptions {
  // Sent as timeout_nano and enforced locally as well (DEADLINE_EXCEEDED). nullopt: no limit. Zero
  // or less: nothing is sent.
  std::optional<std::chrono::nanoseconds> timeout;
  // Waited locally beyond `timeout`, for the judge to tell a server that answers
  // DEADLINE_EXCEEDED itself (TT-17) from one that stays silent.
  std::chrono::nanoseconds grace{0};
  std::vector<Metadata> metadata;
};

// What the wire did, for evidence and for the judge's time line.
struct ClientObserver {
  std::function<void(std::uint32_t stream, absl::string_view service, absl::string_view method,
                     absl::string_view payload)>
      on_request;
  std::function<void(std::uint32_t stream, const absl::StatusOr<std::string>& result)> on_reply;
};

// One connection to a ttrpc server. Calls run concurrently and complete in any order (TT-08).
// Completion callbacks run from `loop`, never inside Call. When the connection is lost every
// pending call ends with UNAVAILABLE ("ttrpc: connection closed"), then on_closed runs once.
// Destroying it ends pending calls with CANCELLED, from the destructor; no callback, on_closed
// neither, runs after that. A callback may destroy the client. Destroy before `loop`.
class Client {
 public:
  using Done = std::function<void(absl::StatusOr<std::string>)>;

  // Takes a connected stream socket (blocking or not).
  Client(boost::asio::io_context& loop, base::UniqueFd socket);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // Called with why the connection was lost; from the loop also when that has happened already.
  void OnClosed(std::function<void(absl::Status)> callback);
  // Sees what is sent and what ends each call, before the call's own callback.
  void Observe(ClientObserver observer);
  void Call(absl::string_view service, absl::string_view method, std::string payload,
            const CallOptions& options, Done done);
  [[nodiscard]] bool closed() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with pending asynchronous operations
};

// Connects to a unix socket path, or to an abstract name when `path` starts with '@'. Synchronous:
// connecting to a unix socket never waits for the peer (a full backlog is UNAVAILABLE).
absl::StatusOr<base::UniqueFd> ConnectUnix(absl::string_view path);

}  // namespace ttrpc
