// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/testing/engine_holder.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>

#include "reference-shim/backends/oci/engine.h"
#include "reference-shim/backends/testing/fake_engine.h"

namespace backends::testing {

int RunEngineHolder(const std::vector<std::string>& args) {
  boost::asio::io_context loop;
  base::Log log;
  auto reaper = base::ChildReaper::Create(loop);
  OciHost host({.loop = loop, .reaper = **reaper, .log = log, .namespace_name = "ns"});
  const FakeEngine fake(args.at(0), "engine", "hang) echo $$; exec sleep 1000;;");
  const Engine engine(host, {.binary = fake.path(), .bundle = args.at(0)});
  const auto copy = [](int fd) { return base::UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 3)); };
  const shim::ProcessIo io{.in = copy(STDIN_FILENO),
                           .out = copy(STDOUT_FILENO),
                           .err = copy(STDERR_FILENO),
                           .terminal = false,
                           .on_console = nullptr};
  const auto run = engine.Run({.verb = "hang", .flags = {}, .arguments = {}}, {.process = &io},
                              std::chrono::hours(1), [](const auto&) {});
  loop.run();
  return run.ok() ? 0 : 1;
}

}  // namespace backends::testing
