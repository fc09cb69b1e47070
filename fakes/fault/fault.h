// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>
#include <vector>

// Faults are data: one row per seam and fault, one per call that can be hit; those of
// shimgauge-engine are in fault.cc, each other seam has a file of its own. Triggers count
// occurrences, never time.
namespace fakes {

// Where a fault is injected.
enum class FaultSeam {
  kEngine,      // shimgauge-engine, the stand-in for runc
  kHypervisor,  // shimgauge-hypervisor, the stand-in for Cloud Hypervisor
  kAgent,       // the agent in its guest
};

enum class Fault {
  kSlow,            // waits for FaultRule::until or ::ms, then goes on
  kHang,            // waits until it is killed
  kFail,            // reports ::message and exits with ::code
  kDie,             // kills itself with ::signal
  kGarbagePidFile,  // the pid file holds ::message
  kNoPidFile,       // there is no pid file
  kStateLost,       // what the engine knows of the container is gone
  kInitGone,        // the container's first process is killed, and its end awaited
  kFlood,           // writes ::bytes to stderr
  kLie,             // claims success without doing anything
  kGarbageOutput,   // prints ::message where the answer belongs
  kRefuse,          // the answer is an error: ::code, ::message
  kDrop,            // the connection is closed instead of the answer
  kDrip,            // the answer comes byte by byte, ::ms apart
  kBare,            // the answer has no header that HTTP does not demand
  kChunked,         // the answer comes in chunks of HTTP
  kPhrase,          // the answer's status line has a reason phrase
  kClose,           // the connection is closed behind the answer
  kOddBdf,          // the place of a new device is ::message; empty: left out
  kReset,           // all connections to the guest break
  kPowerOff,        // the guest turns itself off
  kOddStatus,       // the status is ::message, a number
  kShort,           // takes no more than ::bytes of what is written
  kWithholdEnd,     // the end of a stream is not told, or only after ::until or ::ms
  kLackOfMemory,    // container ::message has run out of memory, it says
};

// When within a call. What has happened in the middle is said in FaultVerb::middle.
enum class FaultPoint { kBefore, kMiddle, kAfter };

// Members of a FaultRule that a fault may have.
enum FaultParameter : unsigned {
  kUntilOrMs = 1,
  kCode = 2,
  kMessage = 4,
  kSignal = 8,
  kBytes = 16,
  kPoint = 32,  // the others act at one point of their own
};

struct FaultInfo {
  Fault fault;
  absl::string_view name;  // in files: "slow"
  FaultSeam seam;
  unsigned parameters;        // or-ed FaultParameter values
  absl::string_view verbs;    // space separated, the only ones it fits; empty: all
  absl::string_view summary;  // what happens, for documentation
};

// A call that can be hit.
struct FaultVerb {
  FaultSeam seam;
  absl::string_view name;
  absl::string_view middle;  // the state of affairs at kMiddle; empty: this verb has no middle
};

// Of all seams.
const std::vector<FaultInfo>& AllFaults();
const std::vector<FaultVerb>& AllFaultVerbs();

// nullptr: no such at this seam.
const FaultInfo* FindFault(FaultSeam seam, Fault fault);
const FaultInfo* FindFault(FaultSeam seam, absl::string_view name);
const FaultVerb* FindFaultVerb(FaultSeam seam, absl::string_view name);

// The parts of AllFaults() and AllFaultVerbs() that are in files of their own.
void AddHypervisorFaults(std::vector<FaultInfo>& faults);
void AddHypervisorVerbs(std::vector<FaultVerb>& verbs);
void AddAgentFaults(std::vector<FaultInfo>& faults);
void AddAgentVerbs(std::vector<FaultVerb>& verbs);

absl::string_view FaultPointName(FaultPoint point);  // "before", "middle", "after"
bool ParseFaultPoint(absl::string_view name, FaultPoint& point);

}  // namespace fakes
