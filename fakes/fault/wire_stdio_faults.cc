// SPDX-License-Identifier: Apache-2.0
// Streams, and frames that nobody asked for.
#include "fakes/fault/wire_fault_rows.h"

namespace fakes {

std::vector<KnownFault> WireStdioFaults() {
  return {
      {.name = "a-second-attempt-differs",
       .what = "an event that is sent again has another pid",
       .origin = "EVT-42 EVT-45",
       .rules = {"event /tasks/create nth 2 set pid=0"},
       .kills = {{"events/a-refused-event-comes-again", "event.field"}}},
      {.name = "unknown-scheme-discarded",
       .what = "an unknown scheme for the streams of an init means none",
       .origin = "IO-27",
       .rules = {"request Create where stdout=\"gopher://example/x\" clear stdout stderr"},
       .kills = {{"stdio/unknown-scheme-is-refused", "reply.code"}}},
      {.name = "unknown-scheme-of-exec-discarded",
       .what = "an unknown scheme for the streams of an exec means none",
       .origin = "IO-27",
       .rules = {"request Exec where stdout=\"gopher://example/x\" clear stdout stderr"},
       .kills = {{"stdio/an-unknown-scheme-fails-an-exec", "reply.code"}}},
      {.name = "missing-logger-unnamed",
       .what = "the error does not say which logger is missing",
       .origin = "IO-23 TT-22",
       .rules = {"reply Create where request.stdout=\"binary:///no/such/logger\" text \"no such "
                 "file or directory\""},
       .kills = {{"stdio/a-missing-logger-fails-create", "reply.field"}}},
      {.name = "resize-reaches-the-init",
       .what = "ResizePty of an exec resizes the terminal of the init, too",
       .origin = "PTY-01 IO-07",
       .rules = {"request ResizePty where exec_id!=\"\" also ResizePty exec_id=\"\" width=@width "
                 "height=@height"},
       .kills = {{"stdio/terminals-are-separate", "reply.field"}}},
      {.name = "terminal-without-output-discarded",
       .what = "what a terminal without a stdout shows is discarded",
       .origin = "IO-43",
       .rules = {"request Create where terminal=true and stdout=\"\" set stdout=/dev/null"},
       .kills = {{"stdio/a-terminal-needs-an-output", "reply.code"}}},
      {.name = "close-io-of-exec-closes-the-inits",
       .what = "CloseIO of an exec closes the stdin of the init, too",
       .origin = "CLOSE-01 IO-07",
       .rules = {"request CloseIO where exec_id!=\"\" also CloseIO exec_id=\"\" stdin=true"},
       .kills = {{"stdio/closing-one-stdin-leaves-the-others-open", "process.state"}}},
      {.name = "requests-need-a-payload",
       .what = "a request without a payload is refused",
       .origin = "TT-11 TT-15",
       .rules = {"request Connect where id=\"\" and connection>1 fail INVALID_ARGUMENT"},
       .kills = {{"ttrpc-wire/envelopes-are-protobuf", "reply.code"}}},
      {.name = "noise-crashes",
       .what = "twenty frames that are no requests kill the daemon",
       .origin = "TT-01 SOCK-14",
       .rules = {"request #response nth 20 signal 9"},
       .kills = {{"ttrpc-wire/noise-harms-nobody", "shim.crashed"}}},
      {.name = "stats-without-processor-time",
       .what = "Stats has no processor time",
       .origin = "STATS-01 J4",
       .rules = {"reply Stats clear stats.cpu"},
       .kills = {{"lifecycle/stats-tell-the-truth", "reply.field"}}},
  };
}

}  // namespace fakes
