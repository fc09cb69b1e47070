// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/function_ref.h>

#include <boost/asio/io_context.hpp>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/child_reaper.h"
#include "container/mounts.h"
#include "reference-shim/shim/backend.h"
#include "task/v3/task.pb.h"

namespace shim {

using MountList = google::protobuf::RepeatedPtrField<containerd::types::Mount>;  // Create.rootfs

std::vector<container::Mount> FromMountList(const MountList& list);

// Makes and removes the mounts of Create.rootfs on <bundle>/rootfs (CREATE-01). mount(2) and
// umount(2) may take long (a network file system, the final sync of an overlay), hence the
// interface: whoever implements it must not block the daemon.
class Rootfs {
 public:
  virtual ~Rootfs() = default;
  // On failure nothing stays mounted and the message names the mount (CREATE-13). `done` comes from
  // the loop.
  virtual void Mount(const std::string& bundle, const std::vector<container::Mount>& mounts,
                     Done<> done) = 0;
  // OK also when nothing is mounted.
  virtual void Unmount(const std::string& bundle, Done<> done) = 0;
};

// Does both in a forked process of its own; each ends within kRootfsTimeout.
class ForkedRootfs final : public Rootfs {
 public:
  // Both borrowed. Destroying this kills processes that still run and forgets their callbacks.
  ForkedRootfs(boost::asio::io_context& loop, base::ChildReaper& reaper);
  ~ForkedRootfs() override;

  void Mount(const std::string& bundle, const std::vector<container::Mount>& mounts,
             Done<> done) override;
  void Unmount(const std::string& bundle, Done<> done) override;

 private:
  class Helper;
  void Run(const char* what, absl::FunctionRef<absl::Status()> body, Done<> done);

  boost::asio::io_context& loop_;
  base::ChildReaper& reaper_;
  std::list<std::unique_ptr<Helper>> helpers_;
};

}  // namespace shim
