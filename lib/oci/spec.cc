// SPDX-License-Identifier: Apache-2.0
#include "oci/spec.h"

namespace oci {

const Namespace* FindNamespace(const Spec& spec, const std::string& type) {
  for (const Namespace& entry : spec.linux.namespaces) {
    if (entry.type == type) return &entry;
  }
  return nullptr;
}

bool HasPrivatePidNamespace(const Spec& spec) {
  const Namespace* pid = FindNamespace(spec, "pid");
  return pid != nullptr && pid->path.empty();
}

}  // namespace oci
