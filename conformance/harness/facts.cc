// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/facts.h"

#include <absl/status/statusor.h>
#include <absl/strings/strip.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <memory>

#include "base/child_reaper.h"
#include "base/pidfd.h"
#include "base/spawn.h"
#include "conformance/reports/text.h"

namespace conformance {
namespace {

constexpr std::chrono::seconds kPatience{2};
constexpr std::size_t kVersionBytesMax = 4096;

// "runc version 1.1.5": the words before the number are not part of it.
std::string WithoutName(std::string version) {
  const std::size_t at = version.find_first_of("0123456789");
  return at == std::string::npos ? "" : version.substr(at);
}

}  // namespace

Facts HostFacts(const HostInfo& host, const Profile& profile) {
  const std::size_t slash = profile.engine.rfind('/');
  return {{"host.kernel", host.kernel},
          {"host.cgroup", host.cgroup_mode},
          {"host.priv", host.root ? "root" : "userns"},
          {"engine", profile.engine.empty()
                         ? "none"
                         : profile.engine.substr(slash == std::string::npos ? 0 : slash + 1)}};
}

std::string AskVersion(const std::string& program, const std::string& argument) {
  const base::UniqueFd output(::memfd_create("version", MFD_CLOEXEC));
  boost::asio::io_context loop(1);
  const auto reaper = base::ChildReaper::Create(loop);
  if (!output.ok() || !reaper.ok()) return "";
  base::SpawnSpec spec;
  spec.path = program;
  spec.argv = {program, argument};
  spec.cwd = "/";
  spec.fds = {{.source = output.get(), .target = STDOUT_FILENO}};
  spec.parent_death_signal = SIGKILL;
  const absl::StatusOr<base::Child> child = base::Spawn(spec);
  if (!child.ok()) return "";
  bool in_time = true;
  boost::asio::steady_timer timer(loop, kPatience);
  timer.async_wait([&](const boost::system::error_code&) {
    in_time = false;
    base::SendSignal(child->pidfd, SIGKILL).IgnoreError();
  });
  const base::ChildReaper::Watch watch =
      (*reaper)->OnExit(child->pid, [&](const base::ExitStatus&) { loop.stop(); });
  loop.run();
  std::string text(kVersionBytesMax, '\0');
  const ssize_t size = ::pread(output.get(), text.data(), text.size(), 0);
  if (!in_time || size <= 0) return "";
  text.resize(static_cast<std::size_t>(size));
  return WithoutName(ShortVersion(text));
}

}  // namespace conformance
