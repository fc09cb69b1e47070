// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace benchmarks {

// containerd's two sockets towards one daemon, served by one thread: the connection calls go over,
// and the event service. Every wait serves both, ends with CANCELLED when `interrupt_fd` becomes
// readable and with DEADLINE_EXCEEDED after kWaitMax. A call costs this side one write, one poll
// and one read.
class Wire {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kWaitMax{20};

  struct Reply {
    std::uint32_t stream = 0;
    absl::StatusOr<std::string> payload;  // or the status the server answered with
  };
  struct Event {
    std::string topic;
    std::string container;
    Clock::time_point at;  // when its last byte was read
  };

  explicit Wire(int interrupt_fd) : interrupt_fd_(interrupt_fd) {}
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // Serves events on a new unix socket at `path`.
  absl::Status Listen(const std::string& path);
  absl::Status Connect(const std::string& path);
  void Disconnect();

  // Replies come in any order; each belongs to the stream Send() returned.
  absl::StatusOr<std::uint32_t> Send(absl::string_view service, absl::string_view method,
                                     absl::string_view payload);
  absl::StatusOr<Reply> NextReply();
  // Send and its reply; no other call may be under way. Errors name the method.
  absl::StatusOr<std::string> Call(absl::string_view service, absl::string_view method,
                                   absl::string_view payload);

  // The event of that topic and container, which may have come before; it is consumed.
  absl::StatusOr<Event> AwaitEvent(absl::string_view topic, absl::string_view container);
  void ForgetEvents() { events_.clear(); }
  // Until `fd` is readable.
  absl::Status AwaitReadable(int fd);

  // What went over both sockets in both directions so far.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }

 private:
  struct Publisher {
    base::UniqueFd socket;
    std::string input;
  };

  // Waits for something and serves it. `extra`: another descriptor to wait for, -1 for none;
  // returns whether that is readable.
  absl::StatusOr<bool> Turn(int extra, Clock::time_point deadline);
  absl::Status ReadReplies();
  absl::Status ServePublisher(Publisher& publisher);
  absl::Status AnswerForward(Publisher& publisher, std::uint32_t stream, absl::string_view data);
  absl::Status Write(int fd, absl::string_view bytes);

  const int interrupt_fd_;
  base::UniqueFd connection_;
  base::UniqueFd listener_;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  std::string input_;
  std::deque<Reply> replies_;
  std::deque<Event> events_;
  std::uint32_t stream_ = 1;
  std::uint64_t bytes_ = 0;
  std::uint64_t frames_ = 0;
};

}  // namespace benchmarks
