// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace conformance {

// A small shim whose containers are processes that wait to be killed, and which misbehaves in one
// way named by the variable SCRIPT. Child body of the tests of RunCheck; speaks Task v2 and prints
// the bare address.
//
//   honest             none
//   refuses-start      `start` fails with a message
//   crashes-in-state   the daemon aborts when asked for a State
//   hangs-in-state     State is never answered
//   hangs-in-delete    Delete is never answered
//   doubles-exit       each exit event comes twice
//   forgets-exit       no exit event comes
//   second-pid         Delete answers with another pid
//   lingers            Shutdown is answered, the daemon stays
//   fails-delete       the `delete` action exits 1
//   aborts-at-end      the daemon dies by SIGABRT in Shutdown
//   shouts             writes a line into the log for each call
int ScriptedShim(const std::vector<std::string>& arguments);

}  // namespace conformance
