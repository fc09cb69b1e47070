// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

// A QEMU with a monitor and a guest's agent, and a virtiofsd, which answer as they are told: this
// very test binary, as the programs of a configuration of kind "qemu".
namespace backends::testing {

// Words anywhere on QEMU's command line, beside those of testing/scripted_vmm.h for the agent:
//   die             it says "no such machine" on stderr and ends with status 3
//   no-greeting     the monitor is mute
//   babble          the monitor greets with what is no JSON
//   refuse-cont     `cont` is answered with an error, "no memory left"
//   refuse-quit     `quit` is never answered, and SIGTERM ignored
//   off-at-stop     at `stop` the guest turns itself off
//   refuse-plug     `device_add` is answered with an error, "no slot is free"
//   keep-device     DEVICE_DELETED does not come
// All commands come out on stderr, a line each.
int RunScriptedQemu(const std::vector<std::string>& args);
bool IsScriptedQemu(int argc, char** argv);

// Takes its connection and ends when that does.
int RunScriptedVirtiofsd(const std::string& fd_argument);
bool IsScriptedVirtiofsd(int argc, char** argv);

}  // namespace backends::testing
