// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/host.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/string_view.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "conformance/harness/cgroup_tree.h"

namespace conformance {
namespace {

constexpr std::chrono::seconds kVersionPatience{2};
constexpr std::size_t kVersionBytesMax = 200;

// Enough for every check that uses a second user or group.
constexpr std::uint32_t kManyIds = 16384;

constexpr std::array<std::pair<HostNeed, const char*>, 3> kHostNeedNames = {{
    {HostNeed::kCgroups, "cgroups"},
    {HostNeed::kEngineCgroups, "engine-cgroups"},
    {HostNeed::kManyIds, "many-ids"},
}};

constexpr std::array<std::pair<Need, HostNeed>, 3> kHostNeedsOfClaims = {{
    {Need::kPause, HostNeed::kEngineCgroups},
    {Need::kUpdate, HostNeed::kEngineCgroups},
    {Need::kOomEvents, HostNeed::kCgroups},
}};

// Whether a directory can be made in every hierarchy. On a read-only mount access(2) fails as well.
bool CanMakeCgroups() {
  const absl::StatusOr<CgroupTree> tree = CgroupTree::Open("/");
  if (!tree.ok() || tree->hierarchies().empty()) return false;
  return std::all_of(
      tree->hierarchies().begin(), tree->hierarchies().end(),
      [](const std::string& hierarchy) { return ::access(hierarchy.c_str(), W_OK) == 0; });
}

std::string Lack(const HostInfo& host, HostNeed need) {
  switch (need) {
    case HostNeed::kCgroups:
      return host.cgroup_mode == "none" ? "no cgroup hierarchy is mounted"
                                        : "the caller may make no cgroups";
    case HostNeed::kEngineCgroups:
      return "the caller may make no cgroups, which the engine needs for this";
    case HostNeed::kManyIds:
      return "the user namespace has one user only, since no subordinate ids (newuidmap, "
             "/etc/subuid) are there";
  }
  return "";
}

}  // namespace

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

HostInfo DescribeHost(Privilege privilege, EngineChoice::Kind engine) {
  HostInfo host;
  struct utsname names {};
  if (::uname(&names) == 0) host.kernel = absl::StrCat("linux ", names.release);
  host.cgroup_mode = std::string(CgroupMode());
  host.root = privilege == Privilege::kRoot;
  if (CanMakeCgroups()) host.offers |= HostNeed::kCgroups | HostNeed::kEngineCgroups;
  if (engine == EngineChoice::Kind::kFake) host.offers |= ToHostNeeds(HostNeed::kEngineCgroups);
  if (host.root) {
    host.offers |= ToHostNeeds(HostNeed::kManyIds);
  } else {
    SetIds(MappableIds(), host);
  }
  cpu_set_t cpus;
  if (::sched_getaffinity(0, sizeof cpus, &cpus) == 0) host.cpus = std::max(1, CPU_COUNT(&cpus));
  return host;
}

void SetIds(std::uint32_t ids, HostInfo& host) {
  host.ids = ids;
  host.offers &= ~ToHostNeeds(HostNeed::kManyIds);
  if (ids > kManyIds) host.offers |= ToHostNeeds(HostNeed::kManyIds);
}

std::string HostNeedNames(HostNeeds needs) {
  std::vector<absl::string_view> names;
  for (const auto& [need, name] : kHostNeedNames) {
    if ((needs & ToHostNeeds(need)) != 0) names.push_back(name);
  }
  return absl::StrJoin(names, ", ");
}

HostNeeds HostNeedsOf(const Check& check) {
  HostNeeds needs = check.host;
  for (const auto& [claim, need] : kHostNeedsOfClaims) {
    if ((check.needs & ToNeeds(claim)) != 0) needs |= ToHostNeeds(need);
  }
  return needs;
}

std::string WhatIsLacking(const HostInfo& host, HostNeeds needs) {
  for (const auto& [need, name] : kHostNeedNames) {
    if ((needs & ToHostNeeds(need) & ~host.offers) != 0) return Lack(host, need);
  }
  return "";
}

std::string DescribePrivilege(const HostInfo& host) {
  if (host.root) return "root";
  return absl::StrCat("user namespace, ", host.ids, host.ids == 1 ? " id" : " ids");
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
