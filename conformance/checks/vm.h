// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "conformance/harness/check.h"

// Area "vm": what a shim does whose containers are in a virtual machine when that, or the agent in
// it, is slow, silent or dead.
namespace conformance {

void AddVmChecks(std::vector<Check>& checks);

// The parts it is made of, one per vm_*.cc.
void AddVmBootChecks(std::vector<Check>& checks);   // Create that boots, and cannot
void AddVmDeathChecks(std::vector<Check>& checks);  // the machine or its agent is lost
void AddVmGuestChecks(std::vector<Check>& checks);  // one call to the guest is slow, odd or refused
void AddVmMachineChecks(std::vector<Check>& checks);  // its disks, size, shared files, a pause
void AddVmNetworkChecks(std::vector<Check>& checks);  // the pod's network in the guest
void AddVmEndChecks(std::vector<Check>& checks);      // the end of a machine, and what is left

}  // namespace conformance
