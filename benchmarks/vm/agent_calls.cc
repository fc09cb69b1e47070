// SPDX-License-Identifier: Apache-2.0
// Calls the agent of a running VM, again and again, over one connection, and prints how many calls
// were made in all, and of those after the warm-up the seconds that they took and the seconds of
// this process's processor time.
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/vm/agent.h"
#include "reference-shim/backends/vm/vsock_dial.h"
#include "ttrpc/envelope.h"
#include "ttrpc/frame.h"
#include "vm/hybrid_vsock.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{10};
constexpr int kWarmUpShare = 4;  // a quarter as many calls before those that count

struct Load {
  int together = 1;
  int calls = 0;
};

struct Cost {
  double seconds = 0;
  double processor_seconds = 0;
};

double ProcessorSeconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Takes what `run` takes.
template <typename Function>
absl::StatusOr<Cost> Measured(const Function& run) {
  const double processor = ProcessorSeconds();
  const Clock::time_point begin = Clock::now();
  RETURN_IF_ERROR(run());
  return Cost{.seconds = std::chrono::duration<double>(Clock::now() - begin).count(),
              .processor_seconds = ProcessorSeconds() - processor};
}

absl::StatusOr<base::UniqueFd> Dial(boost::asio::io_context& loop, const std::string& socket,
                                    std::uint32_t port) {
  absl::StatusOr<base::UniqueFd> connection = absl::UnavailableError("not dialled");
  backends::VsockDial dial(loop);
  dial.Run(socket, port, kPatience,
           [&](absl::StatusOr<base::UniqueFd> dialled) { connection = std::move(dialled); });
  loop.run();
  loop.restart();
  return connection;
}

// --- the shim's client ----------------------------------------------------------------------

// Keeps as many calls under way as are wanted, until all are answered.
class Caller {
 public:
  Caller(boost::asio::io_context& loop, base::UniqueFd connection)
      : loop_(loop), agent_(loop, std::move(connection), kPatience) {}

  absl::Status Run(const Load& load) {
    to_send_ = load.calls;
    pending_ = 0;
    while (to_send_ > 0 && pending_ < load.together) Send();
    while (pending_ > 0 && status_.ok() && loop_.run_one() > 0) {
    }
    return status_;
  }

 private:
  void Send() {
    --to_send_;
    ++pending_;
    agent_.Check(kPatience, [this](const absl::Status& status) {
      --pending_;
      status_.Update(status);
      if (to_send_ > 0 && status_.ok()) Send();
    });
  }

  boost::asio::io_context& loop_;
  absl::Status status_;
  int to_send_ = 0;
  int pending_ = 0;
  backends::Agent agent_;
};

// --- the least that makes the same calls ----------------------------------------------------

// Frames that are written ahead of time, but for the number of their stream, and answers that are
// only told apart by their length: no timer, no table of calls, no callback.
class BareCaller {
 public:
  explicit BareCaller(base::UniqueFd connection) : connection_(std::move(connection)) {
    request_ = ttrpc::EncodeRequest({.service = "grpc.Health",
                                     .method = "Check",
                                     .payload = "",
                                     .timeout_nano = std::chrono::nanoseconds(kPatience).count(),
                                     .metadata = {}});
  }

  absl::Status Run(const Load& load) {
    int to_send = load.calls;
    int answered = 0;
    int free = load.together;
    while (answered < load.calls) {
      std::string frames;
      for (; free > 0 && to_send > 0; --free, --to_send) AppendFrame(frames);
      if (!frames.empty() && ::send(connection_.get(), frames.data(), frames.size(),
                                    MSG_NOSIGNAL) != static_cast<ssize_t>(frames.size())) {
        return base::ErrnoStatus(errno, "send");
      }
      ASSIGN_OR_RETURN(const int come, TakeAnswers());
      answered += come;
      free += come;
    }
    return absl::OkStatus();
  }

 private:
  void AppendFrame(std::string& frames) {
    char header[ttrpc::kFrameHeaderBytes];
    ttrpc::EncodeFrameHeader({.length = static_cast<std::uint32_t>(request_.size()),
                              .stream = stream_,
                              .type = ttrpc::kFrameRequest},
                             header);
    stream_ += 2;
    frames.append(header, sizeof header);
    frames += request_;
  }

  // Waits for some.
  absl::StatusOr<int> TakeAnswers() {
    char buffer[64 * 1024];
    const ssize_t got = ::read(connection_.get(), buffer, sizeof buffer);
    if (got == 0) return absl::UnavailableError("the agent has closed the connection");
    if (got < 0) return base::ErrnoStatus(errno, "read");
    input_.append(buffer, static_cast<std::size_t>(got));
    std::size_t taken = 0;
    int answers = 0;
    while (input_.size() - taken >= ttrpc::kFrameHeaderBytes) {
      const ttrpc::FrameHeader header = ttrpc::DecodeFrameHeader(input_.data() + taken);
      const std::size_t bytes = ttrpc::kFrameHeaderBytes + header.length;
      if (input_.size() - taken < bytes) break;
      const absl::string_view data =
          absl::string_view(input_).substr(taken + ttrpc::kFrameHeaderBytes, header.length);
      ASSIGN_OR_RETURN(const ttrpc::ResponseEnvelope answer, ttrpc::DecodeResponse(data));
      if (header.type != ttrpc::kFrameResponse || answer.code != 0) {
        return absl::InternalError(absl::StrCat("the agent answers ", answer.message));
      }
      taken += bytes;
      ++answers;
    }
    input_.erase(0, taken);
    return answers;
  }

  base::UniqueFd connection_;
  std::string request_;
  std::string input_;
  std::uint32_t stream_ = 1;
};

absl::StatusOr<base::UniqueFd> Blocking(base::UniqueFd connection) {
  const int flags = ::fcntl(connection.get(), F_GETFL);
  if (flags < 0 || ::fcntl(connection.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) {
    return base::ErrnoStatus(errno, "fcntl");
  }
  return connection;
}

template <typename AnyCaller>
absl::StatusOr<Cost> WarmUpAndMeasure(AnyCaller& caller, const Load& load) {
  RETURN_IF_ERROR(caller.Run({.together = load.together, .calls = load.calls / kWarmUpShare}));
  return Measured([&] { return caller.Run(load); });
}

absl::StatusOr<Cost> CallAgent(const std::string& socket, std::uint32_t port, const Load& load,
                               bool bare) {
  boost::asio::io_context loop(1);
  ASSIGN_OR_RETURN(base::UniqueFd connection, Dial(loop, socket, port));
  if (bare) {
    ASSIGN_OR_RETURN(base::UniqueFd blocking, Blocking(std::move(connection)));
    BareCaller caller(std::move(blocking));
    return WarmUpAndMeasure(caller, load);
  }
  Caller caller(loop, std::move(connection));
  return WarmUpAndMeasure(caller, load);
}

}  // namespace

// Exit code: 0 measured, 2 usage, 4 the agent failed.
int main(int argc, char** argv) {
  std::string socket;
  std::uint32_t port = vm::kAgentPort;
  Load load{.together = 1, .calls = 4000};
  bool bare = false;
  CLI::App app("Calls the agent of a VM over one connection: CALLS SECONDS PROCESSOR-SECONDS",
               "vm_agent_calls");
  app.add_option("--socket", socket, "the hypervisor's, of hybrid vsock")->required();
  app.add_option("--port", port, "of the agent")->capture_default_str();
  app.add_option("--in-flight", load.together, "calls under way at once")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--calls", load.calls, "to be measured")
      ->check(CLI::Range(kWarmUpShare, 10000000))
      ->capture_default_str();
  app.add_flag("--bare", bare, "by the least that can do it, instead of the shim's client");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const absl::StatusOr<Cost> cost = CallAgent(socket, port, load, bare);
  if (!cost.ok()) {
    std::fprintf(stderr, "vm_agent_calls: %s\n", std::string(cost.status().message()).c_str());
    return 4;
  }
  std::printf("%d %.9f %.9f\n", load.calls + load.calls / kWarmUpShare, cost->seconds,
              cost->processor_seconds);
  return 0;
}
