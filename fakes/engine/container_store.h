// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

#include "container/cgroup.h"
#include "container/process_tree.h"
#include "oci/spec.h"

namespace fakes {

// What the engine keeps about a container, in <root>/<id>/state.json.
struct ContainerRecord {
  std::string id;
  container::ProcessRoot init;
  std::string created;  // RFC 3339
  std::string bundle;   // absolute
  std::string rootfs;   // absolute
  container::Cgroup cgroup;
  bool private_pids = false;  // a pid namespace of its own
  friend bool operator==(const ContainerRecord&, const ContainerRecord&) = default;
};

// The state directory of one container below --root, like runc's: state.json and, until start,
// exec.fifo. Beside them config.json, as create read it; `processes`, what exec put into a
// container without cgroup; `paused`, while a container without freezer is stopped.
class ContainerStore {
 public:
  // INVALID_ARGUMENT for an id that could be a path.
  static absl::StatusOr<ContainerStore> For(const std::string& root, const std::string& id);

  // ALREADY_EXISTS if there is such a container.
  absl::Status Make() const;
  // With all that is in it.
  absl::Status Remove() const;
  [[nodiscard]] bool Exists() const;

  // NOT_FOUND, "container does not exist", if there is none.
  [[nodiscard]] absl::StatusOr<ContainerRecord> Load() const;
  [[nodiscard]] absl::Status Save(const ContainerRecord& record) const;

  [[nodiscard]] absl::Status SaveConfig(absl::string_view json) const;
  [[nodiscard]] absl::StatusOr<oci::Spec> LoadConfig() const;

  // What was put into the container: the init, then what exec added.
  [[nodiscard]] std::vector<container::ProcessRoot> Roots(const ContainerRecord& record) const;
  [[nodiscard]] absl::Status AddProcess(const container::ProcessRoot& process) const;

  [[nodiscard]] std::string File(absl::string_view name) const;
  [[nodiscard]] bool Has(absl::string_view name) const;

 private:
  explicit ContainerStore(std::string directory) : directory_(std::move(directory)) {}
  std::string directory_;
};

inline constexpr absl::string_view kStartFifo = "exec.fifo";
inline constexpr absl::string_view kPausedMark = "paused";

}  // namespace fakes
