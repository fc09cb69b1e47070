// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conformance/checks/engine_faults.h"
#include "conformance/harness/check_context.h"

namespace conformance {

// Whose call reaches the engine: a container (or, before Create, its bundle) and one of its execs.
struct EngineSubject {
  ShimUnderTest* shim = nullptr;
  Bundle bundle;
  std::optional<Task> task;  // not before Create
  std::optional<Exec> exec;  // for the verb `exec`
};

// A call of the Task service for which shims run a verb of their engine, as data.
struct EngineCall {
  const char* verb;  // "create"
  const char* name;  // "Create"
  Needs needs;
  // Brings a container into the state in which the call makes sense.
  EngineSubject (*prepare)(CheckContext& check, ShimUnderTest& shim);
  std::unique_ptr<PendingReply> (*send)(CheckContext& check, const EngineSubject& subject);
};

const std::vector<EngineCall>& EngineCalls();

// After the answer of `call`: skips the check if the engine was not asked, for a shim may do
// without the verb. One that answers first, and asks then, does not.
void RequireEngineAsked(CheckContext& check, const EngineCall& call, const EngineFaults& faults,
                        const std::string& rule);

}  // namespace conformance
