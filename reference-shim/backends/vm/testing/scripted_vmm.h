// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

// A hypervisor and its guest's agent in one process, which answer as they are told: this very test
// binary, run by the backend as the program of its configuration. Every process in the guest prints
// its exec's or container's id and a newline and ends with status 7.
namespace backends::testing {

// What follows --api-socket PATH on the command line changes that:
//   no-api          nobody listens at the API's socket
//   mute-api        it accepts and never answers
//   die             it says "no such machine" on stderr and ends with status 3
//   refuse-boot     vm.boot is answered 500 "no memory left"
//   refuse-net      vm.add-net is answered 500 "no such tap"; else 204
//   place-net       with 200 and a place
//   late-interface  the first UpdateInterface of each connection fails
//   refuse-interface, refuse-routes  UpdateInterface, UpdateRoutes fail
//   record          what it is asked goes, a line each, into the file kRecord beside the socket
//   refuse-disk     vm.add-disk is answered 500 "no slot is free"; else with a place
//   refuse-shutdown vmm.shutdown is never answered, and SIGTERM ignored
//   no-agent        CONNECT is answered by closing the connection
//   mute-connect    CONNECT is not answered at all
//   refuse-create   CreateContainer fails
//   mute-check      Health.Check is answered once only
//   run             processes go on until they are signalled
//   hold-output     their outputs never end
//   much            they print kMuchLines lines of kMuchLineBytes each
//   swallow         a signal for a process that has ended is answered with success
//   linger          a second line comes, then the end, when a second signal has come after the exit
inline constexpr char kRecord[] = "asked";
inline constexpr int kMuchLines = 20;
inline constexpr int kMuchLineBytes = 32 * 1024;
int RunScriptedVmm(const std::vector<std::string>& args);

// The agent alone, on a connected stream, until that ends.
void ServeScriptedAgent(const std::vector<std::string>& words, int socket);

// Whether a command line is that of RunScriptedVmm.
bool IsScriptedVmm(int argc, char** argv);

}  // namespace backends::testing
