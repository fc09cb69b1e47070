// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/legal_variants.h"

namespace conformance {
namespace {

// Guests are native programs; those of the area wasm, and some beside them, are modules.
constexpr char kMixed[] = R"(schema = 1
[engine]
kind = "oci"
binary = "runc"
[claims]
exec = true
pause = true
terminal = true
update = true
stats = true
grouping = true
file-uri = true
binary-uri = true
oci-engine = true
namespaces = true
oom-events = true
rootfs-mounts = true
info = true
hooks = true
wasm = true
)";

// Where a container's process is to end well without doing anything, it is a command of WASI 0.2.
constexpr char kComponent[] =
    "start then \"[ -e config.json ] || exit 0; f=/run/flat.$$; tr -d '[:cntrl:]' <config.json "
    ">$f; "
    "if grep -q '/exit_code.wasm., *.0. *]' $f; then "
    "printf %s '(component (core module $m (func (export \\\"run\\\") (result i32) (i32.const 0))) "
    "(core instance $i (instantiate $m)) "
    "(func $run (result (result)) (canon lift (core func $i \\\"run\\\"))) "
    "(instance $c (export \\\"run\\\" (func $run))) "
    "(export \\\"wasi:cli/run@0.2.0\\\" (instance $c)))' >../../guests/$(basename "
    "$PWD)/nothing.wat; "
    "sed 's|/exit_code.wasm., *.0. *]|/nothing.wat\\\"]|' $f >config.json; fi; rm -f $f\"";

// The profile of such guests, and further options.
std::vector<std::string> Modules(std::vector<std::string> options = {}) {
  options.insert(options.begin(), {"--profile", "reference-wasm"});
  return options;
}

}  // namespace

std::vector<LegalVariant> WasmLegalVariants() {
  return {
      {.name = "wasm-guests",
       .what = "guests are modules of WebAssembly",
       .need = LegalNeed::kWasm,
       .options = Modules()},
      {.name = "wasm-cold-cache",
       .what = "no module has been compiled before",
       .need = LegalNeed::kWasm,
       .before = "export SHIMGAUGE_WASM_CACHE=/run/wasm-cache-$$\n",
       .options = Modules(),
       .deadline_scale = 2},
      {.name = "wasm-components",
       .what = "guests that only end well are components",
       .need = LegalNeed::kWasm,
       .wire_rules = {kComponent},
       .options = Modules({"!bootstrap/leaves-the-bundle-alone"})},
      {.name = "wasm-entry-points",
       .what = "guests are named as crun has it: module#function (less the checks of such names)",
       .need = LegalNeed::kWasm,
       .wire_rules = {R"(request Create spec "append /process/args/0 \"#_start\"")"},
       .options = Modules({"!wasm/*", "!bootstrap/leaves-the-bundle-alone"})},
      {.name = "wasm-in-mixed-pods",
       .what = "native guests, and modules beside them in one shim",
       .need = LegalNeed::kWasm,
       .profile = kMixed},
      {.name = "wasm-umask-0077",
       .what = "modules, started with umask 0077",
       .need = LegalNeed::kWasm,
       .before = "umask 0077\n",
       .options = Modules()},
      {.name = "wasm-umask-0000",
       .what = "modules, started with umask 0000",
       .need = LegalNeed::kWasm,
       .before = "umask 0000\n",
       .options = Modules()},
      {.name = "wasm-long-names",
       .what = "modules, and a containerd namespace of 76 characters",
       .need = LegalNeed::kWasm,
       .options = Modules({"--containerd-ns",
                           "a-namespace-as-long-as-the-daemon-lets-namespaces-be-"
                           "which-is-76-characters0"})},
      {.name = "wasm-tiny-pipes",
       .what = "modules, and pipes that hold a page or two",
       .need = LegalNeed::kWasm,
       .options = Modules({"--priv", "userns"}),
       .kernel_file = "/proc/sys/fs/pipe-user-pages-soft",
       .kernel_value = "1"},
  };
}

}  // namespace conformance
