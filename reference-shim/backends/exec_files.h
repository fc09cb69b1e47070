// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/str_cat.h>

#include <string>

namespace backends {

// What the files of an exec in its bundle begin with, such as <stem>.pid (FILE-06). Those of one
// called "init" begin otherwise, since init.pid is the container's: containerd's ids never begin
// with a dot, so that no other exec can have them.
inline std::string ExecFileStem(const std::string& bundle, const std::string& exec_id) {
  return absl::StrCat(bundle, "/", exec_id == "init" ? ".init" : exec_id);
}

}  // namespace backends
