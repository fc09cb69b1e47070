// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <functional>
#include <string>
#include <vector>

#include "conformance/harness/check_context.h"

namespace conformance {

// A call of the Task service as data, for checks that make all of them alike. Builds a well-formed
// request; what it names need not exist.
struct TaskCall {
  std::string method;  // "Pause"
  // May be unimplemented by an honest shim (TT-16); every other call is essential.
  bool optional = false;
  std::function<std::string(const std::string& id, const std::string& exec_id)> request;
};

// The calls that act on one process, which an exec id may name (contract §4.1).
std::vector<TaskCall> ProcessCalls();
// Every call that must know the container it names: ProcessCalls() and those on whole containers.
// Left out: Create, which makes it, and Connect and Shutdown, which answer for any id.
std::vector<TaskCall> ContainerCalls();

// The serialized requests that checks send by hand.
std::string StateRequest(const std::string& id, const std::string& exec_id = "");
std::string WaitRequest(const std::string& id, const std::string& exec_id = "");
std::string ConnectRequest(const std::string& id);
std::string DeleteRequest(const std::string& id, const std::string& exec_id = "");
std::string KillRequest(const std::string& id, const std::string& exec_id, int signo);
// Create for `bundle` with its rootfs and without stdio.
std::string CreateRequest(const Bundle& bundle);

// Makes each of `calls` for (id, exec_id) and expects NOT_FOUND; failures name the call. `when`
// ends the sentence ("before Create"). Calls that an honest shim may not know at all may answer
// UNIMPLEMENTED instead.
void ExpectNotFound(CheckContext& check, ShimUnderTest& shim, const std::vector<TaskCall>& calls,
                    const std::string& id, const std::string& exec_id, absl::string_view when);

}  // namespace conformance
