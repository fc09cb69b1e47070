// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/host.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "conformance/harness/cgroup_tree.h"

namespace conformance {
namespace {

constexpr std::chrono::seconds kVersionPatience{2};
constexpr std::size_t kVersionBytesMax = 200;

bool IsInstalled(const std::string& binary) {
  if (absl::string_view(binary).substr(0, 1) == "/") return ::access(binary.c_str(), X_OK) == 0;
  const char* path = std::getenv("PATH");
  std::string rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::string candidate = absl::StrCat(rest.substr(0, colon), "/", binary);
    if (::access(candidate.c_str(), X_OK) == 0) return true;
    rest.erase(0, colon + 1);
  }
  return false;
}

}  // namespace

HostInfo DescribeHost() {
  HostInfo host;
  struct utsname names {};
  if (::uname(&names) == 0) host.kernel = absl::StrCat("linux ", names.release);
  host.cgroup_mode = std::string(CgroupMode());
  host.root = ::geteuid() == 0;
  cpu_set_t cpus;
  if (::sched_getaffinity(0, sizeof cpus, &cpus) == 0) host.cpus = std::max(1, CPU_COUNT(&cpus));
  return host;
}

absl::Status CheckHostFit(const HostInfo& host, const Profile& profile) {
  if (!host.root) {
    return absl::FailedPreconditionError(
        "this needs root: every check runs in namespaces, mounts and cgroups of its own; run it "
        "with sudo, or in a privileged container");
  }
  const bool needs_engine = (profile.claims & ToNeeds(Need::kOciEngine)) != 0;
  if (needs_engine && !IsInstalled(profile.engine)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the engine ", profile.engine, " is not installed: the profile (", profile.name,
        ") says that the shim drives it; install it, or give a "
        "--profile with another [engine]"));
  }
  return absl::OkStatus();
}

struct EngineVersion::Impl : std::enable_shared_from_this<EngineVersion::Impl> {
  Impl(boost::asio::io_context& loop, Done on_done) : timer(loop), done(std::move(on_done)) {}

  absl::Status Start(base::ChildReaper& reaper, const std::string& binary) {
    output.reset(::memfd_create("version", MFD_CLOEXEC));
    if (!output.ok()) return base::ErrnoStatus(errno, "memfd_create");
    base::SpawnSpec spec;
    spec.path = binary;
    spec.argv = {binary, "--version"};
    spec.cwd = "/";
    spec.fds = {{.source = output.get(), .target = STDOUT_FILENO}};
    spec.parent_death_signal = SIGKILL;
    ASSIGN_OR_RETURN(child, base::Spawn(spec));
    watch = reaper.OnExit(child.pid, [self = shared_from_this()](const base::ExitStatus& status) {
      self->Finish(status.signal != 0 ? "gave no version in time" : self->FirstLine());
    });
    FinishLater(kVersionPatience, "");
    return absl::OkStatus();
  }

  std::string FirstLine() const {
    std::string text(kVersionBytesMax, '\0');
    const ssize_t count = ::pread(output.get(), text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    text.resize(std::min(text.find('\n'), text.size()));
    return std::string(absl::StripAsciiWhitespace(text));
  }

  // Ends the engine, if there is one, whose exit then finishes; else finishes with `text`.
  void FinishLater(std::chrono::milliseconds delay, std::string text) {
    timer.expires_after(delay);
    timer.async_wait([self = shared_from_this(), text](const boost::system::error_code& cancelled) {
      if (cancelled || self->done == nullptr) return;
      if (!self->child.pidfd.ok()) return self->Finish(text);
      base::SendSignal(self->child.pidfd, SIGKILL).IgnoreError();
    });
  }

  void Finish(std::string text) {
    timer.cancel();
    if (done != nullptr) std::exchange(done, nullptr)(std::move(text));
  }

  void Abandon() {
    done = nullptr;
    watch = {};
    timer.cancel();
    if (child.pidfd.ok()) base::SendSignal(child.pidfd, SIGKILL).IgnoreError();
  }

  boost::asio::steady_timer timer;
  Done done;
  base::UniqueFd output;
  base::Child child;
  base::ChildReaper::Watch watch;
};

std::unique_ptr<EngineVersion> EngineVersion::Ask(boost::asio::io_context& loop,
                                                  base::ChildReaper& reaper,
                                                  const std::string& binary, Done done) {
  auto impl = std::make_shared<Impl>(loop, std::move(done));
  const absl::Status status = impl->Start(reaper, binary);
  if (!status.ok()) {
    impl->FinishLater(std::chrono::milliseconds(0), std::string(status.message()));
  }
  return std::unique_ptr<EngineVersion>(new EngineVersion(std::move(impl)));
}

EngineVersion::EngineVersion(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
EngineVersion::~EngineVersion() { impl_->Abandon(); }

}  // namespace conformance
