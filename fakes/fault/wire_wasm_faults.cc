// SPDX-License-Identifier: Apache-2.0
// What shims do to guests of WebAssembly. A proxy sees no module, so where the guest itself is to
// get something else than it was promised, `start` leaves another spec or another module in the
// bundle than the one it found there.
#include "fakes/fault/wire_fault_rows.h"

namespace fakes {
namespace {

constexpr char kProfile[] = "reference-wasm";

// A rule that edits config.json once `start` has run, by a script of sed in which the quotation
// marks of JSON are dots.
std::string SpecEdit(const std::string& script) {
  return "start then \"sed -i '" + script + "' config.json\"";
}

// A rule that puts a module in the place of those that `files` names (a glob of the shell).
std::string ModuleSwap(const std::string& files, const std::string& base64) {
  return "start then \"cd ../../guests/$(basename $PWD) && for f in " + files +
         "; do [ ! -e $f ] || echo " + base64 + " | base64 -d > $f; done\"";
}

// (module (func (export "_start")))
constexpr char kEmptyCommand[] = "AGFzbQEAAAABBAFgAAADAgEABwoBBl9zdGFydAAACgQBAgAL";
// A command that prints "7 6", a descriptor that print_fds would never see.
constexpr char kSeesDescriptor7[] =
    "AGFzbQEAAAABDAJgBH9/f38Bf2AAAAIjARZ3YXNpX3NuYXBzaG90X3ByZXZpZXcxCGZkX3dyaXRlAAADAgEBBQMBAAEH"
    "EwIGbWVtb3J5AgAGX3N0YXJ0AAEKDwENAEEBQQBBAUEMEAAaCwsSAQBBAAsMCAAAAAQAAAA3IDYK";

std::vector<KnownFault> OfThePrograms() {
  return {
      {.name = "wasm-codes-above-125-are-errors",
       .what = "a proc_exit code that the engine takes for invalid is told as 1",
       .origin = "WASM-01",
       .rules = {"reply Wait where exit_status>125 set exit_status=1"},
       .kills = {{"wasm/proc-exit-codes-are-the-exit-status", "exit.status"}}},
      {.name = "wasm-every-end-is-a-failure",
       .what = "what the engine gives back is an error, a success too",
       .origin = "WASM-01",
       .rules = {"reply Wait where exit_status=0 set exit_status=1"},
       .kills = {{"wasm/a-return-from-start-is-success", "exit.status"},
                 {"wasm/no-start-function-runs-before-start", "exit.status"}}},
      {.name = "wasm-arguments-are-split",
       .what = "an argument loses what is behind its blank",
       .origin = "WASM-02",
       .rules = {SpecEdit("s/two words/two/")},
       .kills = {{"wasm/arguments-arrive-unaltered", "process.state"}}},
      {.name = "wasm-first-argument-is-made-up",
       .what = "argv[0] is another name of the module",
       .origin = "WASM-02",
       .rules = {SpecEdit("s|/print_args.wasm|//print_args.wasm|")},
       .kills = {{"wasm/the-first-argument-is-the-specs", "process.state"}}},
      {.name = "wasm-values-end-at-an-equals-sign",
       .what = "a variable loses what is behind the second equals sign",
       .origin = "WASM-03",
       .rules = {SpecEdit("s/EQUALS=a=b==c/EQUALS=a/")},
       .kills = {{"wasm/the-environment-is-the-specs", "process.state"}}},
      {.name = "wasm-environment-is-a-map",
       .what = "the environment passes through a map: the last of a name counts",
       .origin = "WASM-04",
       .rules = {SpecEdit("s/.Z=1.,//")},
       .kills = {{"wasm/the-environment-keeps-order-and-repeated-names", "process.state"}}},
      {.name = "wasm-entries-get-empty-values",
       .what = "an entry of the environment without a value gets an empty one",
       .origin = "WASM-04",
       .rules = {SpecEdit("s/NO_VALUE/NO_VALUE=/")},
       .kills = {{"wasm/no-value-is-invented-for-an-entry-without-one", "process.state"}}},
      {.name = "wasm-function-is-ignored",
       .what = "whatever function is named, _start runs",
       .origin = "WASM-15",
       .rules = {SpecEdit("s/#[a-z]*//")},
       .kills = {{"wasm/a-named-function-is-the-entry-point", "exit.status"},
                 {"wasm/what-is-no-entry-point-is-an-error", "exit.status"}}},
      {.name = "wasm-second-create-fails",
       .what = "the second container of a shim is not created",
       .origin = "WASM-25 WASM-28",
       .rules = {"reply Create nth 2 fail RESOURCE_EXHAUSTED the message is too large"},
       .kills = {{"wasm/large-modules-run", "reply.code"},
                 {"wasm/a-module-is-found-as-users-write-its-path", "reply.code"},
                 {"wasm/guests-run-side-by-side", "reply.code"}}},
  };
}

std::vector<KnownFault> OfTheirEnds() {
  return {
      {.name = "wasm-traps-are-kills",
       .what = "every trap is told as 137, as if somebody had killed the guest",
       .origin = "WASM-05",
       .rules = {"reply Wait where exit_status>1 set exit_status=137"},
       .kills = {{"wasm/a-trap-by-unreachable-is-no-kill", "exit.status"},
                 {"wasm/a-trap-by-out-of-bounds-is-no-kill", "exit.status"},
                 {"wasm/a-trap-by-division-by-zero-is-no-kill", "exit.status"},
                 {"wasm/a-trap-by-integer-overflow-is-no-kill", "exit.status"},
                 {"wasm/a-trap-by-full-stack-is-no-kill", "exit.status"},
                 {"wasm/a-trap-by-wrong-type-of-call-is-no-kill", "exit.status"}}},
      {.name = "wasm-traps-are-told-nowhere",
       .what = "what a trap was is not said on stderr",
       .origin = "WASM-06",
       .rules = {"request Create clear stderr"},
       .kills = {{"wasm/a-trap-says-on-stderr-what-it-was", "output.lost"}}},
      {.name = "wasm-loops-are-not-killed",
       .what = "SIGKILL waits for the guest to call its host",
       .origin = "WASM-07",
       .rules = {"request Kill where signal=9 once empty"},
       .kills = {{"wasm/sigkill-ends-a-loop-at-once", "process.state"},
                 {"wasm/sigkill-ends-a-guest-that-never-started", "process.state"},
                 {"wasm/kill-all-spares-other-containers", "process.state"}}},
      {.name = "wasm-sigterm-is-ignored",
       .what = "as pid 1 the guest's process does not end of SIGTERM",
       .origin = "WASM-08",
       .rules = {"request Kill where signal=15 empty"},
       .kills = {{"wasm/sigterm-ends-a-guest-that-sleeps", "process.state"},
                 {"wasm/sigterm-ends-a-guest-in-a-loop", "process.state"}}},
      {.name = "wasm-sigint-is-ignored",
       .what = "as pid 1 the guest's process does not end of SIGINT",
       .origin = "WASM-09",
       .rules = {"request Kill where signal=2 empty"},
       .kills = {{"wasm/sigint-sighup-and-sigquit-end-a-guest", "process.state"}}},
      {.name = "wasm-kill-means-the-container",
       .what = "a signal for an exec goes to the container's guest",
       .origin = "WASM-12",
       .rules = {"request Kill where signal=15 clear exec_id"},
       .kills = {{"wasm/kill-reaches-the-process-it-names", "exit.status"}}},
      {.name = "wasm-input-never-ends",
       .what = "the shim keeps an end of its own of the guest's stdin",
       .origin = "WASM-10",
       .rules = {"request CloseIO empty"},
       .kills = {{"wasm/standard-input-ends", "process.state"}}},
      {.name = "wasm-files-are-swallowed",
       .what = "Create takes a file for output that is never written",
       .origin = "WASM-11",
       .rules = {"request Create where stdout~\"file:\" clear stdout stderr"},
       .kills = {{"wasm/output-is-written-where-it-shall-or-refused", "output.lost"}}},
      {.name = "wasm-info-names-no-engine",
       .what = "-info does not tell what runs the modules",
       .origin = "WASM-35",
       .rules = {"info clear features annotations", "info set name=io.containerd.acme.v1"},
       .kills = {{"wasm/info-names-the-engine", "start.output"}}},
      {.name = "wasm-delete-does-nothing",
       .what = "delete tells of an end and leaves everything",
       .origin = "WASM-13",
       .rules = {"delete skip", R"(delete print "\x10\x89\x01")"},
       .kills = {{"wasm/delete-reclaims-a-guest-whose-shim-died", "left.process"}}},
  };
}

std::vector<KnownFault> OfTheModules() {
  return {
      {.name = "wasm-malformed-modules-run",
       .what = "the engine does not look at what it is given, and succeeds",
       .origin = "WASM-14 WASM-16",
       .rules = {ModuleSwap("malformed_*.wasm native_code.wasm", kEmptyCommand)},
       .kills = {{"wasm/a-malformed-empty-is-an-error-of-its-task", "exit.status"},
                 {"wasm/a-malformed-magic-is-an-error-of-its-task", "exit.status"},
                 {"wasm/a-malformed-header-is-an-error-of-its-task", "exit.status"},
                 {"wasm/a-malformed-version-is-an-error-of-its-task", "exit.status"},
                 {"wasm/a-malformed-truncated-is-an-error-of-its-task", "exit.status"},
                 {"wasm/a-malformed-section-size-is-an-error-of-its-task", "exit.status"},
                 {"wasm/a-malformed-count-is-an-error-of-its-task", "exit.status"},
                 {"wasm/a-malformed-number-is-an-error-of-its-task", "exit.status"},
                 {"wasm/a-malformed-name-is-an-error-of-its-task", "exit.status"},
                 {"wasm/a-malformed-type-is-an-error-of-its-task", "exit.status"},
                 {"wasm/a-malformed-memory-is-an-error-of-its-task", "exit.status"},
                 {"wasm/a-malformed-data-is-an-error-of-its-task", "exit.status"},
                 {"wasm/native-code-is-never-loaded", "exit.status"}}},
      {.name = "wasm-malformed-modules-end-the-shim",
       .what = "the shim dies of a module that cannot be loaded",
       .origin = "WASM-16 WASM-22",
       .rules = {"reply Create where code!=0 signal 9"},
       .kills = {{"wasm/malformed-modules-touch-no-neighbour", "shim.crashed"}}},
      {.name = "wasm-errors-say-nothing",
       .what = "whatever is wrong with a module, the error is the same",
       .origin = "WASM-17",
       .rules = {R"(reply Create where code!=0 text "cannot create the container")",
                 R"(reply Start where code!=0 text "cannot start the container")"},
       .kills = {{"wasm/a-missing-import-is-an-error-that-names-it", "reply.field"}}},
      {.name = "wasm-refusals-are-empty",
       .what = "what a shim does not run is refused without a word, or ends badly",
       .origin = "WASM-26 WASM-32",
       .rules = {R"(reply Create where code!=0 text "")", R"(reply Start where code!=0 text "")",
                 "reply Wait where exit_status=0 set exit_status=1"},
       .kills = {{"wasm/a-component-runs-or-is-refused", "exit.status"},
                 {"wasm/text-runs-or-is-refused", "exit.status"}}},
      {.name = "wasm-guests-stop-beside-others",
       .what = "a guest ends when something else begins in its shim",
       .origin = "WASM-31",
       .rules = {"reply State set status=STOPPED"},
       .kills = {{"wasm/a-native-program-beside-a-module-runs-or-is-refused", "reply.field"}}},
      {.name = "wasm-instances-are-made-too-big",
       .what = "the engine reserves more memory than the container may have, and Create fails",
       .origin = "WASM-33",
       .rules = {"reply Create fail RESOURCE_EXHAUSTED cannot allocate memory"},
       .kills = {{"wasm/a-small-address-space-is-enough", "reply.code"}}},
      {.name = "wasm-engine-needs-devices",
       .what = "the engine aborts where it finds no /dev/urandom",
       .origin = "WASM-27",
       .rules = {"reply Wait set exit_status=134"},
       .kills = {{"wasm/clocks-and-random-numbers-need-no-files", "exit.status"}}},
      {.name = "wasm-sleeps-are-cut-short",
       .what = "poll_oneoff returns before its time",
       .origin = "WASM-27",
       .rules = {SpecEdit("s/.50./\\\"5\\\"/")},
       .kills = {{"wasm/sleeps-last-as-long-as-asked", "process.state"}}},
  };
}

std::vector<KnownFault> OfTheSandbox() {
  return {
      {.name = "wasm-mounts-are-writable",
       .what = "a preopened directory is writable whatever its mount says",
       .origin = "WASM-18",
       .rules = {SpecEdit("s/.rbind.,.ro./\\\"rbind\\\",\\\"rw\\\"/g; s/.readonly.:true/"
                          "\\\"readonly\\\":false/")},
       .kills = {{"wasm/read-only-mounts-are-enforced", "exit.status"},
                 {"wasm/a-read-only-root-is-enforced", "exit.status"}}},
      {.name = "wasm-paths-lead-out",
       .what = "a guest can read a file beside its root",
       .origin = "WASM-19",
       .rules = {SpecEdit("s|/open_raw.wasm.|&,\\\"stolen\\\"|; s|.mounts.:.|&{\\\"destination\\\":"
                          "\\\"/stolen\\\",\\\"type\\\":\\\"bind\\\",\\\"source\\\":\\\"'$PWD/"
                          "secret'\\\",\\\"options\\\":[\\\"bind\\\"]},|")},
       .kills = {{"wasm/no-parent-directory-leads-out", "file.content"},
                 {"wasm/no-link-leads-out", "file.content"},
                 {"wasm/proc-does-not-lead-out", "file.content"}}},
      {.name = "wasm-masks-are-forgotten",
       .what = "masked and read-only paths of the spec are ignored",
       .origin = "WASM-34",
       .rules = {SpecEdit("s/.maskedPaths./\\\"com.example.masked\\\"/; s/.readonlyPaths./"
                          "\\\"com.example.readonly\\\"/")},
       .kills = {{"wasm/masked-paths-are-masked", "file.content"},
                 {"wasm/read-only-paths-are-enforced", "exit.status"}}},
      {.name = "wasm-descriptors-are-inherited",
       .what = "a guest sees a descriptor of the shim's",
       .origin = "WASM-20",
       .rules = {ModuleSwap("print_fds.wasm", kSeesDescriptor7)},
       .kills = {{"wasm/a-guest-has-only-descriptors-of-its-own", "left.fd"}}},
      {.name = "wasm-memory-has-no-limit",
       .what = "the memory limit of the spec is forgotten",
       .origin = "WASM-23",
       .rules = {SpecEdit("s/67108864/6710886400/g")},
       .kills = {{"wasm/the-memory-limit-holds", "exit.status"}}},
      {.name = "wasm-pid-is-the-shims",
       .what = "Create answers the shim's own pid",
       .origin = "WASM-21",
       .rules = {"reply Create set pid=@shim", "reply Start set pid=@shim"},
       .kills = {{"wasm/the-pid-is-that-of-a-process-in-the-container", "process.state"}}},
      {.name = "wasm-user-is-root",
       .what = "the guest's process stays root",
       .origin = "WASM-29",
       .rules = {SpecEdit("s/.uid.:1234/\\\"uid\\\":0/")},
       .kills = {{"wasm/the-process-has-the-specs-user", "process.state"}}},
      {.name = "wasm-rights-are-kept",
       .what = "the guest's process keeps rights that the spec takes",
       .origin = "WASM-29",
       .rules = {SpecEdit("s/.noNewPrivileges.:true/\\\"noNewPrivileges\\\":false/")},
       .kills = {{"wasm/the-process-has-the-specs-rights", "process.state"}}},
      {.name = "wasm-filter-is-forgotten",
       .what = "the seccomp filter of the spec is ignored",
       .origin = "WASM-29",
       .rules = {SpecEdit("s/.seccomp./\\\"com.example.seccomp\\\"/")},
       .kills = {{"wasm/the-process-has-the-specs-filter", "process.state"}}},
      {.name = "wasm-limits-are-forgotten",
       .what = "the limits of the spec are not those of the guest's process",
       .origin = "WASM-29",
       .rules = {SpecEdit("s/.soft.:321/\\\"soft\\\":322/")},
       .kills = {{"wasm/the-process-has-the-specs-limits", "process.state"}}},
      {.name = "wasm-traps-end-the-shim",
       .what = "the shim dies with a guest that traps",
       .origin = "WASM-22",
       .rules = {"reply Wait where exit_status>1 signal 9"},
       .kills = {{"wasm/a-trap-touches-no-neighbour", "shim.crashed"}}},
      {.name = "wasm-hooks-end-the-shim",
       .what = "the shim dies of hooks among which there is no prestart",
       .origin = "WASM-30",
       .rules = {"request Create nth 2 signal 9"},
       .kills = {{"wasm/a-poststop-hook-alone-is-legal", "shim.crashed"}}},
  };
}

}  // namespace

std::vector<KnownFault> WireWasmFaults() {
  std::vector<KnownFault> all;
  for (std::vector<KnownFault> (*part)() :
       {OfThePrograms, OfTheirEnds, OfTheModules, OfTheSandbox}) {
    for (KnownFault& fault : part()) {
      fault.profile = kProfile;
      all.push_back(std::move(fault));
    }
  }
  return all;
}

}  // namespace fakes
