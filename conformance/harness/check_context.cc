// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/check_context.h"

namespace conformance {

Task CheckContext::Run(const ProcessSpec& process, const CreateOptions& options) {
  Task task = Create(process, options);
  Require(task.Start().status(), {.text = "Start of a fresh task", .code = {}, .requirement = {}});
  return task;
}

}  // namespace conformance
