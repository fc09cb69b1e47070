// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/session_files.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "benchmarks/bench_world.h"
#include "fakes/containerd/bundle_maker.h"
#include "oci/minimal_spec.h"
#include "oci/spec_writer.h"
#include "runc/options.pb.h"

namespace benchmarks {
namespace {

fakes::Daemon Containerd(const std::string& shim) {
  return {.shim = shim,
          .grpc_address = absl::StrCat(kWorldDirectory, "/containerd.sock"),
          .ttrpc_address = EventSocketPath(),
          .publish_binary = "/usr/bin/containerd"};
}

fakes::ShimAction Action(const std::string& id) {
  return {
      .ns = "benchmark", .id = id, .bundle = BundlePath(id), .working_directory = BundlePath(id)};
}

}  // namespace

std::string EventSocketPath() { return absl::StrCat(kWorldDirectory, "/containerd.sock.ttrpc"); }
std::string BundlePath(const std::string& id) { return absl::StrCat(kWorldDirectory, "/", id); }
std::string RootfsPath(const std::string& id) {
  return absl::StrCat(kWorldDirectory, "/", id, "-rootfs");
}

absl::Status MakeContainerFiles(const std::string& id, const std::string& fixtures) {
  const std::string rootfs = RootfsPath(id);
  RETURN_IF_ERROR(fakes::MakeDirectory(rootfs, 0755));
  for (const char* name : {"bin", "proc", "dev", "sys", "tmp"}) {
    RETURN_IF_ERROR(fakes::MakeDirectory(absl::StrCat(rootfs, "/", name), 0755));
  }
  oci::Spec spec = oci::MinimalLinuxSpec({"/bin/pause"});
  spec.mounts.push_back(
      {.destination = "/bin", .type = "bind", .source = fixtures, .options = {"rbind", "ro"}});
  spec.linux.cgroups_path = absl::StrCat(WorldCgroup(), "/", id);
  ASSIGN_OR_RETURN(const std::string config, oci::WriteSpec(spec));
  return fakes::MakeBundle(
      {.path = BundlePath(id), .work_directory = BundlePath(id) + "-work", .config_json = config});
}

absl::StatusOr<std::string> ShortProcess() {
  return oci::WriteProcess(oci::MinimalLinuxSpec({"/bin/exit_code", "0"}).process);
}

std::string EngineOptions(const std::string& engine) {
  containerd::runc::v1::Options options;
  options.set_binary_name(engine);
  return options.SerializeAsString();
}

fakes::CommandSpec StartOf(fakes::StartDialect dialect, const std::string& shim,
                           const std::string& id, const std::string& engine) {
  const fakes::Daemon containerd = Containerd(shim);
  const fakes::ShimAction action = Action(id);
  return fakes::StartCommand(
      containerd, action,
      fakes::StartInputBytes(dialect, containerd, action, EngineOptions(engine), ""));
}

fakes::CommandSpec DeleteOf(const std::string& shim, const std::string& id) {
  return fakes::DeleteCommand(Containerd(shim), Action(id));
}

absl::StatusOr<base::UniqueFd> PipeWith(const std::string& text) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe2");
  base::UniqueFd input(ends[0]);
  const base::UniqueFd feed(ends[1]);
  if (::write(feed.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return base::ErrnoStatus(errno, "filling a pipe");
  }
  return input;
}

}  // namespace benchmarks
