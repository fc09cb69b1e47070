// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/rootfs.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "oci/bundle.h"
#include "reference-shim/shim/forked_step.h"
#include "reference-shim/shim/limits.h"

namespace shim {
namespace {

std::string RootfsPath(const std::string& bundle) {
  return absl::StrCat(bundle, "/", oci::kRootfsDirectory);
}

absl::Status MountOn(const std::string& root, const std::vector<container::Mount>& mounts) {
  if (::mkdir(root.c_str(), 0711) != 0 && errno != EEXIST) {
    return base::ErrnoStatus(errno, absl::StrCat("mkdir ", root));
  }
  return container::MountAll(mounts, root);
}

}  // namespace

std::vector<container::Mount> FromMountList(const MountList& list) {
  std::vector<container::Mount> mounts;
  for (const containerd::types::Mount& mount : list) {
    mounts.push_back({.type = mount.type(),
                      .source = mount.source(),
                      .target = mount.target(),
                      .options = {mount.options().begin(), mount.options().end()}});
  }
  return mounts;
}

// One mounting or unmounting; in the list of its owner until it has answered.
class ForkedRootfs::Helper {
 public:
  Helper(ForkedRootfs& owner, const char* what, Done<> done)
      : owner_(owner), what_(what), done_(std::move(done)), step_(owner.loop_, owner.reaper_) {}

  void Run(absl::FunctionRef<absl::Status()> body) {
    step_.Run(what_, kRootfsTimeout, body,
              [this](absl::Status status) { Finish(std::move(status)); });
  }

 private:
  void Finish(absl::Status status) {
    Done<> done = std::move(done_);
    std::list<std::unique_ptr<Helper>>& helpers = owner_.helpers_;
    // Destroys this object.
    helpers.remove_if([this](const auto& helper) { return helper.get() == this; });
    done(std::move(status));
  }

  ForkedRootfs& owner_;
  const char* what_;
  Done<> done_;
  ForkedStep step_;
};

ForkedRootfs::ForkedRootfs(boost::asio::io_context& loop, base::ChildReaper& reaper)
    : loop_(loop), reaper_(reaper) {}

ForkedRootfs::~ForkedRootfs() = default;

void ForkedRootfs::Mount(const std::string& bundle, const std::vector<container::Mount>& mounts,
                         Done<> done) {
  const std::string root = RootfsPath(bundle);
  Run(
      "mounting the rootfs", [&] { return MountOn(root, mounts); }, std::move(done));
}

void ForkedRootfs::Unmount(const std::string& bundle, Done<> done) {
  const std::string root = RootfsPath(bundle);
  Run(
      "unmounting the rootfs", [&] { return container::UnmountAll(root); }, std::move(done));
}

void ForkedRootfs::Run(const char* what, absl::FunctionRef<absl::Status()> body, Done<> done) {
  helpers_.push_back(std::make_unique<Helper>(*this, what, std::move(done)));
  helpers_.back()->Run(body);
}

}  // namespace shim
