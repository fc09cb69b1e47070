// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "base/spawn.h"

namespace conformance {

// A cgroup (v1 or v2) whose processes together get so many percent of one CPU; removed by the
// destructor, which its processes must not outlive.
class CpuQuota {
 public:
  // UNAVAILABLE when this machine's cgroups cannot do it, or not for this user.
  static absl::StatusOr<std::unique_ptr<CpuQuota>> Make(int percent);
  ~CpuQuota();
  CpuQuota(const CpuQuota&) = delete;
  CpuQuota& operator=(const CpuQuota&) = delete;

  // What to start a program by, so that it and all below it belong to the cgroup.
  [[nodiscard]] std::vector<std::string> Launcher() const;

 private:
  explicit CpuQuota(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// OK if Make() would work.
absl::Status CheckCpuQuota();

// Processes that each use up a CPU, until destroyed.
class CpuHogs {
 public:
  static absl::StatusOr<std::unique_ptr<CpuHogs>> Start(int count);
  ~CpuHogs();
  CpuHogs(const CpuHogs&) = delete;
  CpuHogs& operator=(const CpuHogs&) = delete;

 private:
  CpuHogs() = default;
  std::vector<base::Child> hogs_;
};

// A file of /proc/sys with another value, until destroyed.
class KernelSetting {
 public:
  static absl::StatusOr<std::unique_ptr<KernelSetting>> Set(const std::string& path,
                                                            const std::string& value);
  ~KernelSetting();
  KernelSetting(const KernelSetting&) = delete;
  KernelSetting& operator=(const KernelSetting&) = delete;

 private:
  KernelSetting(std::string path, std::string before)
      : path_(std::move(path)), before_(std::move(before)) {}
  std::string path_;
  std::string before_;
};

}  // namespace conformance
