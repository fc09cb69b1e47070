// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/stream_pump.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <thread>
#include <utility>

namespace fakes {
namespace {

struct Pump {
  base::UniqueFd from;
  base::UniqueFd to;
  std::int64_t begin_ms = 0;  // so long nobody reads; what has ended by then is lost
  std::int64_t keep = 0;      // bytes that arrive
};

bool WriterHasGone(const base::UniqueFd& fd) {
  pollfd state{.fd = fd.get(), .events = POLLIN, .revents = 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & POLLHUP) != 0;
}

void Run(Pump pump) {
  if (pump.begin_ms > 0) {
    ::poll(nullptr, 0, static_cast<int>(pump.begin_ms));
    if (WriterHasGone(pump.from)) return;
  }
  char buffer[65536];
  for (;;) {
    const ssize_t got = ::read(pump.from.get(), buffer, sizeof(buffer));
    if (got <= 0) return;
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
  for (const auto& [name, fd] : {std::make_pair("out", &io.out), std::make_pair("err", &io.err)}) {
    if (!fd->ok()) continue;
    const Rule* rule = plan.Fire("pump", "stdio", {{"of", of}, {"stream", name}});
    int ends[2];
    if (rule == nullptr || ::pipe2(ends, O_CLOEXEC) != 0) continue;
    const std::int64_t all = std::numeric_limits<std::int64_t>::max();
    // Ends with the stream; a process that ends earlier takes it along.
    std::thread(Run, Pump{.from = base::UniqueFd(ends[0]),
                          .to = std::exchange(*fd, base::UniqueFd(ends[1])),
                          .begin_ms = rule->Number("ms"),
                          .keep = rule->Number("keep", all)})
        .detach();
  }
}

}  // namespace fakes
