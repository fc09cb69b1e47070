// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/shim_faults.h"

namespace fakes {

// Connections and frames.
void AddConnectionsFaults(std::vector<KnownFault>& faults) {
  const std::vector<KnownFault> rows = {
      {.name = "writing-blocks-the-shim",
       .what = "the shim waits in its loop until a client reads its answers",
       .origin = "SOCK-13 H3",
       .rules = {"block sendmsg"},
       .kills = {{"ttrpc-wire/a-peer-that-does-not-read-blocks-nobody", "reply.missing"}}},
      {.name = "announced-lengths-allocated",
       .what = "the memory for a frame is taken as soon as its length is known",
       .origin = "TT-04 SOCK-13",
       .rules = {"leak frame length=???????* bytes=6000000"},
       .kills = {{"ttrpc-wire/an-announced-length-costs-nothing", "process.state"}}},
      {.name = "three-hundred-connections",
       .what = "behind the three hundredth connection there is no other",
       .origin = "SOCK-13 SOCK-15",
       .rules = {"fail accept4 role=daemon errno=EMFILE from=300"},
       .kills = {{"ttrpc-wire/many-connections-are-survived", "reply.code"}}},
      {.name = "abandoned-waits-leave-a-descriptor",
       .what = "a Wait whose client has gone leaves a descriptor",
       .origin = "SOCK-14 TT-24",
       .rules = {"leak rpc method=Wait on=abandonment what=fd"},
       .kills = {{"ttrpc-wire/vanishing-peers-leave-nothing", "left.fd"}}},
      {.name = "connections-never-closed",
       .what = "the shim never closes a connection",
       .origin = "SOCK-14 G15",
       .rules = {"skip close path=socket:* role=daemon"},
       .kills = {{"ttrpc-wire/a-half-closed-connection-ends", "socket.state"},
                 {"ttrpc-wire/vanishing-peers-leave-nothing", "left.fd"}}},
  };
  faults.insert(faults.end(), rows.begin(), rows.end());
}

}  // namespace fakes
