// SPDX-License-Identifier: Apache-2.0
#include "container/oom_monitor.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "container/cgroup_files.h"

namespace container {
namespace {

absl::StatusOr<base::UniqueFd> OpenV1Event(const std::string& directory) {
  const std::string control = absl::StrCat(directory, "/memory.oom_control");
  const base::UniqueFd watched(::open(control.c_str(), O_RDONLY | O_CLOEXEC));
  if (!watched.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", control));
  base::UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.ok()) return base::ErrnoStatus(errno, "eventfd");
  RETURN_IF_ERROR(base::WriteKernelFile(absl::StrCat(directory, "/cgroup.event_control"),
                                        absl::StrCat(event.get(), " ", watched.get())));
  return event;
}

absl::StatusOr<base::UniqueFd> OpenV2Event(const std::string& events_file) {
  base::UniqueFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify.ok()) return base::ErrnoStatus(errno, "inotify_init1");
  if (::inotify_add_watch(inotify.get(), events_file.c_str(), IN_MODIFY) < 0) {
    return base::ErrnoStatus(errno, absl::StrCat("inotify_add_watch ", events_file));
  }
  return inotify;
}

}  // namespace

absl::StatusOr<OomMonitor> OomMonitor::Create(const Cgroup& cgroup) {
  const std::string directory = cgroup.DirectoryOf("memory");
  if (directory.empty()) return absl::NotFoundError("no memory cgroup");
  const bool v1 = cgroup.version == CgroupVersion::kV1;
  std::string counter_file = absl::StrCat(directory, v1 ? "/memory.oom_control" : "/memory.events");
  // There is a limit to those that a user may have; the counter tells without one, at the exit.
  absl::StatusOr<base::UniqueFd> fd = v1 ? OpenV1Event(directory) : OpenV2Event(counter_file);
  if (!fd.ok()) fd = base::UniqueFd();
  OomMonitor monitor(*std::move(fd), std::move(counter_file), v1);
  ASSIGN_OR_RETURN(monitor.kills_before_, monitor.ReadKills());
  return monitor;
}

absl::StatusOr<std::uint64_t> OomMonitor::ReadKills() const {
  ASSIGN_OR_RETURN(const std::string text, base::ReadKernelFile(counter_file_));
  return CountOf(ParseNamedCounts(text), "oom_kill");
}

void OomMonitor::Drain() {
  if (!fd_.ok()) return;
  if (v1_) {
    std::uint64_t events = 0;
    if (::read(fd_.get(), &events, sizeof(events)) == sizeof(events)) events_ += events;
    return;
  }
  alignas(inotify_event) char drained[512];
  while (::read(fd_.get(), drained, sizeof(drained)) > 0) {
  }
}

std::uint64_t OomMonitor::Take() {
  Drain();
  const absl::StatusOr<std::uint64_t> kills = ReadKills();
  if (!kills.ok()) return 0;
  // v1 announces before it kills, so the counter may lag behind the events.
  const std::uint64_t known =
      std::max(events_, *kills > kills_before_ ? *kills - kills_before_ : 0);
  const std::uint64_t news = known > told_ ? known - told_ : 0;
  told_ += news;
  return news;
}

}  // namespace container
