// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "reference-shim/backends/oci/adopted_process.h"
#include "reference-shim/backends/oci/engine.h"
#include "reference-shim/backends/oci/launch.h"
#include "reference-shim/backends/oci/oci_host.h"
#include "reference-shim/shim/backend.h"

namespace backends {

// A process made by `engine exec --detach`. Its pid file <bundle>/<exec id>.pid lives as long as
// this object (FILE-06, DELETE-07); that of an exec called "init" has another name, since init.pid
// is the container's.
class OciExec : public shim::ExecWorkload {
 public:
  // `host` and `engine` are borrowed.
  OciExec(OciHost& host, const Engine& engine, std::string container_id, shim::ExecSpec spec);
  ~OciExec() override;

  void Start(shim::Done<pid_t> done) override;
  void Signal(int signo, shim::Done<> done) override;

 private:
  void OnLaunched(const absl::Status& status);

  OciHost& host_;
  const Engine& engine_;
  std::string container_id_;
  shim::ExecSpec spec_;
  std::string file_stem_;  // path of the files below, without suffix
  std::string process_file_;
  std::string pid_file_;
  std::unique_ptr<Launch> launch_;  // while Start is under way
  AdoptedProcess process_;
  shim::Done<pid_t> done_;
};

}  // namespace backends
