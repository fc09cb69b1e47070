// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "benchmarks/bench_world.h"
#include "benchmarks/measure.h"
#include "benchmarks/session.h"
#include "benchmarks/statistics.h"
#include "ttrpc/envelope.h"
#include "ttrpc/frame.h"

namespace benchmarks {
namespace {

constexpr int kCalls = 2000;
constexpr int kWarmup = 200;

// Answers whatever comes with an empty success, until the peer goes. One call at a time, whose
// frame comes whole, as this driver sends it.
[[noreturn]] void ServeNothing(const base::UniqueFd& listener) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const base::UniqueFd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  char buffer[4096];
  const std::string body = ttrpc::EncodeResponse({});
  while (true) {
    const ssize_t count = ::read(peer.get(), buffer, sizeof buffer);
    if (count < static_cast<ssize_t>(ttrpc::kFrameHeaderBytes)) ::_exit(0);
    const ttrpc::FrameHeader request = ttrpc::DecodeFrameHeader(buffer);
    std::string frame(ttrpc::kFrameHeaderBytes, '\0');
    ttrpc::EncodeFrameHeader({.length = static_cast<std::uint32_t>(body.size()),
                              .stream = request.stream,
                              .type = ttrpc::kFrameResponse},
                             frame.data());
    frame += body;
    if (::send(peer.get(), frame.data(), frame.size(), MSG_NOSIGNAL) < 0) ::_exit(0);
  }
}

absl::StatusOr<std::string> TimeCalls(int interrupt_fd) {
  const std::string path = absl::StrCat(kWorldDirectory, "/nothing");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const base::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener.ok() ||
      ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 1) != 0) {
    return base::ErrnoStatus(errno, path);
  }
  const pid_t server = ::fork();
  if (server < 0) return base::ErrnoStatus(errno, "fork");
  if (server == 0) ServeNothing(listener);
  Wire wire(interrupt_fd);
  RETURN_IF_ERROR(wire.Connect(path));
  std::vector<double> took;
  for (int call = -kWarmup; call < kCalls; ++call) {
    const Wire::Clock::time_point begin = Wire::Clock::now();
    RETURN_IF_ERROR(wire.Call("containerd.task.v3.Task", "State", "\n\1c").status());
    const Milliseconds one = Wire::Clock::now() - begin;
    if (call >= 0) took.push_back(one.count());
  }
  return absl::StrCat(Median(took));
}

}  // namespace

absl::StatusOr<double> MeasureDriver(Interrupts& interrupts) {
  ASSIGN_OR_RETURN(const std::string text,
                   RunInWorld(interrupts, [&] { return TimeCalls(interrupts.fd()); }));
  double median = 0;
  if (!absl::SimpleAtod(text, &median)) return absl::InternalError("no number: " + text);
  return median;
}

}  // namespace benchmarks
