// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_disks.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "base/device_news.h"
#include "base/status_macros.h"

namespace fakes {
namespace {

namespace fs = std::filesystem;

std::string BdfOf(const std::string& pci_path) {
  return absl::StrCat("0000:00:", pci_path, pci_path.find('.') == std::string::npos ? ".0" : "");
}

// Empty: there is none yet.
std::string FindDisk(const std::string& bdf) {
  std::error_code error;
  const fs::path device = fs::path("/sys/bus/pci/devices") / bdf;
  for (fs::directory_iterator it(device, error), end; !error && it != end; it.increment(error)) {
    if (!absl::StartsWith(it->path().filename().string(), "virtio")) continue;
    std::error_code none;
    for (const auto& disk : fs::directory_iterator(it->path() / "block", none)) {
      return absl::StrCat("/dev/", disk.path().filename().string());
    }
  }
  return "";
}

}  // namespace

absl::StatusOr<GuestDisk> GuestDisks::Find(const std::string& pci_path) const {
  const auto found = disks_.find(BdfOf(pci_path));
  if (found != disks_.end()) return found->second;
  return absl::NotFoundError(absl::StrCat("there is no disk at the PCI path ", pci_path));
}

absl::StatusOr<std::string> AwaitDisk(const std::string& pci_path,
                                      std::chrono::milliseconds timeout) {
  const auto limit = std::chrono::steady_clock::now() + timeout;
  ASSIGN_OR_RETURN(const base::DeviceNews news, base::DeviceNews::Open());
  const std::string bdf = BdfOf(pci_path);
  std::string device = FindDisk(bdf);
  while (device.empty() || ::access(device.c_str(), F_OK) != 0) {
    if (!news.Await(limit)) {
      return absl::DeadlineExceededError(
          absl::StrCat("there is no disk at the PCI path ", pci_path));
    }
    device = FindDisk(bdf);
  }
  return device;
}

}  // namespace fakes
