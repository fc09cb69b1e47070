// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/tasks/place.h"

#include <absl/strings/str_cat.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status_macros.h"
#include "base/subreaper.h"
#include "benchmarks/private_run.h"
#include "oci/minimal_spec.h"

namespace benchmarks::tasks {
namespace {

// A copy, since a program on another file system would be paged in apart for every container.
absl::Status CopyPrograms(const std::string& from, const std::string& to) {
  std::error_code error;
  std::filesystem::create_directories(to, error);
  for (const auto& entry : std::filesystem::directory_iterator(from, error)) {
    if (!entry.is_regular_file()) continue;
    std::filesystem::copy_file(entry.path(), to + "/" + entry.path().filename().string(), error);
    if (error) break;
  }
  if (error) return base::ErrnoStatus(error.value(), absl::StrCat("copy ", from));
  return absl::OkStatus();
}

}  // namespace

absl::Status EnterPlace(const Place& place) {
  RETURN_IF_ERROR(EnterPrivateRun());
  std::error_code error;
  for (const char* name : {"bin", "proc", "dev", "sys", "tmp"}) {
    std::filesystem::create_directories(absl::StrCat(place.rootfs(), "/", name), error);
    if (error) return base::ErrnoStatus(error.value(), place.rootfs());
  }
  RETURN_IF_ERROR(CopyPrograms(place.fixtures, place.rootfs() + "/bin"));
  return base::BecomeSubreaper();
}

oci::Spec ContainerSpec(const Place& place, const std::string& id, std::vector<std::string> args) {
  oci::Spec spec = oci::MinimalLinuxSpec(std::move(args));
  spec.root.path = place.rootfs();
  spec.linux.cgroups_path = absl::StrCat(place.cgroup, "/", id);
  return spec;
}

void RemoveCgroupParent(const std::string& cgroup) {
  const std::string root = "/sys/fs/cgroup";
  ::rmdir((root + cgroup).c_str());
  std::error_code error;
  for (const auto& hierarchy : std::filesystem::directory_iterator(root, error)) {
    ::rmdir((hierarchy.path().string() + cgroup).c_str());
  }
}

void Rest(std::chrono::milliseconds span) {
  const Time end = Clock::now() + span;
  for (Time now = Clock::now(); now < end; now = Clock::now()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - now);
    ::poll(nullptr, 0, static_cast<int>(left.count()));
  }
}

void Progress(const std::string& what) {
  if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K%s", what.c_str());
}

}  // namespace benchmarks::tasks
