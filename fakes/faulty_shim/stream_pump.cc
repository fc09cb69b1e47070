// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/stream_pump.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <utility>

namespace fakes {
namespace {

struct Pump {
  base::UniqueFd from;
  base::UniqueFd to;
  std::int64_t begin_ms = 0;  // so long nobody reads; what has ended by then is lost
  std::int64_t keep = 0;      // bytes that arrive
  std::int64_t alter = -1;    // this one is inverted
  base::UniqueFd tee;         // gets it, too
};

bool WriterHasGone(const base::UniqueFd& fd) {
  pollfd state{.fd = fd.get(), .events = POLLIN, .revents = 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & POLLHUP) != 0;
}

void Await(const base::UniqueFd& fd) {
  pollfd state{.fd = fd.get(), .events = POLLIN, .revents = 0};
  ::poll(&state, 1, -1);
}

// Where the latest init writes its stdout.
std::string& StdoutOfInit() {
  static std::string path;
  return path;
}

std::string PathOf(const base::UniqueFd& fd) {
  char target[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(fd.get());
  const ssize_t size = ::readlink(link.c_str(), target, sizeof(target));
  return std::string(target, size > 0 ? static_cast<std::size_t>(size) : 0);
}

base::UniqueFd OpenTee(const Rule& rule) {
  if (!rule.has("tee")) return {};
  return base::UniqueFd(::open(StdoutOfInit().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
}

void Run(Pump pump) {
  if (pump.begin_ms > 0) {
    ::poll(nullptr, 0, static_cast<int>(pump.begin_ms));
    if (WriterHasGone(pump.from)) return;
  }
  char buffer[65536];
  std::int64_t passed = 0;
  for (;;) {
    const ssize_t got = ::read(pump.from.get(), buffer, sizeof(buffer));
    if (got < 0 && errno == EAGAIN) {
      Await(pump.from);
      continue;
    }
    if (got <= 0) return;
    if (pump.alter >= passed && pump.alter < passed + got) {
      char& byte = buffer[pump.alter - passed];
      byte = static_cast<char>(~byte);
    }
    passed += got;
    if (pump.tee.ok()) (void)!::write(pump.tee.get(), buffer, static_cast<std::size_t>(got));
    const auto kept = static_cast<std::size_t>(std::min<std::int64_t>(got, pump.keep));
    pump.keep -= static_cast<std::int64_t>(kept);
    for (std::size_t at = 0; at < kept;) {
      const ssize_t written = ::write(pump.to.get(), buffer + at, kept - at);
      if (written <= 0) return;
      at += static_cast<std::size_t>(written);
    }
  }
}

}  // namespace

void PumpStreams(FaultPlan& plan, const std::string& of, shim::ProcessIo& io) {
  if (!plan.Has("pump", "stdio")) return;
  if (of == "init" && io.out.ok()) StdoutOfInit() = PathOf(io.out);
  for (const auto& [name, fd] : {std::make_pair("in", &io.in), std::make_pair("out", &io.out),
                                 std::make_pair("err", &io.err)}) {
    if (!fd->ok()) continue;
    const Rule* rule = plan.Fire("pump", "stdio", {{"of", of}, {"stream", name}});
    int ends[2];
    if (rule == nullptr || ::pipe2(ends, O_CLOEXEC) != 0) continue;
    const std::int64_t all = std::numeric_limits<std::int64_t>::max();
    base::UniqueFd from(ends[0]);
    base::UniqueFd to(ends[1]);
    // The process gets one end of the pipe, what it had before is the other end of the pump.
    std::swap(*fd, fd == &io.in ? from : to);
    // Ends with the stream; a process that ends earlier takes it along.
    std::thread(Run, Pump{.from = std::move(from),
                          .to = std::move(to),
                          .begin_ms = rule->Number("ms"),
                          .keep = rule->Number("keep", all),
                          .alter = rule->Number("alter", -1),
                          .tee = OpenTee(*rule)})
        .detach();
  }
}

}  // namespace fakes
