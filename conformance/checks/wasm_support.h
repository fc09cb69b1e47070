// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "conformance/harness/check_context.h"

// What the checks of guests of WebAssembly share.
namespace conformance {

// Options whose config.json `edit` changes.
CreateOptions WithSpec(std::function<void(nlohmann::json& spec)> edit);

// Runs `process` to its end; Wait must answer `status`, and all its output is there.
Task RunModule(CheckContext& check, const ProcessSpec& process, std::uint32_t status = 0,
               const CreateOptions& options = {});

// The lines of its stdout.
std::vector<std::string> OutputLines(const Task& task);

// Something that is no program fails somewhere on its way, from Create to a non-zero end that is no
// kill; nothing of it stays, its shim answers. Returns what there is to read about it: the error of
// the call, or the guest's stderr.
std::string ExpectModuleFails(CheckContext& check, const ProcessSpec& process,
                              const std::string& what, const CreateOptions& options = {});

// A shim that refuses everything proves nothing by a refusal: this one runs a module.
void ExpectRunsModules(CheckContext& check);

// Waits for the end of the task within `deadline`, then expects `status`. `after` ends the sentence
// ("after SIGTERM").
void ExpectEndsSoon(CheckContext& check, const Task& task, std::uint32_t status,
                    const std::string& after);

}  // namespace conformance
