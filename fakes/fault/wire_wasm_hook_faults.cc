// SPDX-License-Identifier: Apache-2.0
// What shims do to hooks around guests of WebAssembly: no engine stands between them and the hooks,
// so the rows of engine_hook_faults.cc, which spoil what an engine reads, spoil the bundle here,
// before Create arrives. Shim and stage read the hooks that belong to each of them from there.
#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <iterator>

#include "fakes/fault/engine_hook_faults.h"
#include "fakes/fault/wire_fault_rows.h"

namespace fakes {
namespace {

constexpr char kProfile[] = "reference-wasm";
constexpr absl::string_view kPrefix = "wasm-";

// Behind the prefix the name of the row that it is like.
constexpr absl::string_view kNames[] = {
    "wasm-hooks-of-create-reversed",
    "wasm-hooks-prestart-after-create-runtime",
    "wasm-hooks-of-start-reversed",
    "wasm-hooks-poststart-in-create",
    "wasm-hooks-of-delete-reversed",
    "wasm-hooks-poststop-in-start",
    "wasm-hooks-run-twice",
    "wasm-hooks-poststop-run-twice",
    "wasm-hooks-poststop-never-run",
    "wasm-hooks-of-another-container",
    "wasm-hooks-of-another-bundle",
    "wasm-hooks-invented-for-empty-lists",
    "wasm-hooks-named-by-their-path",
    "wasm-hooks-without-arguments-get-a-name",
    "wasm-hooks-without-their-environment",
    "wasm-hooks-with-one-variable-more",
    "wasm-hooks-inherit-an-environment",
    "wasm-hooks-prestart-without-annotations",
    "wasm-hooks-create-runtime-wrong-pid",
    "wasm-hooks-create-container-wrong-status",
    "wasm-hooks-create-container-without-a-pid",
    "wasm-hooks-poststart-without-a-version",
    "wasm-hooks-poststop-without-a-bundle",
    "wasm-hooks-poststop-without-state",
    "wasm-hooks-without-annotations",
    "wasm-hooks-large-states-cut",
    "wasm-hooks-create-container-outside",
    "wasm-hooks-create-runtime-inside",
    "wasm-hooks-prestart-inside",
    "wasm-hooks-poststart-inside",
    "wasm-hooks-poststop-inside",
    "wasm-hooks-prestart-skipped",
    "wasm-hooks-create-runtime-in-the-background",
    "wasm-hooks-prestart-failures-ignored",
    "wasm-hooks-create-runtime-failures-ignored",
    "wasm-hooks-create-container-failures-ignored",
    "wasm-hooks-go-on-after-a-failure",
    "wasm-hooks-poststop-end-at-a-failure",
    "wasm-hooks-timeouts-ignored",
    "wasm-hooks-outlive-their-timeout",
    "wasm-hooks-failures-unexplained",
    "wasm-hooks-in-a-lost-directory",
    "wasm-hooks-start-container-elsewhere",
    "wasm-hooks-must-read-their-state",
    "wasm-hooks-output-never-read",
};

// Scenarios whose programs are no modules: the profile skips them.
constexpr absl::string_view kWithoutGuest[] = {"hooks/prestart-configures-the-network",
                                               "hooks/create-runtime-configures-the-network",
                                               "hooks/notes-what-a-failed-poststart-does"};

template <std::size_t N>
bool IsAmong(const absl::string_view (&names)[N], absl::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// "create EDIT" of an engine as an edit of the bundle.
std::string OfTheBundle(absl::string_view rule) {
  absl::ConsumePrefix(&rule, "create ");
  return absl::StrCat("request Create spec \"", absl::CEscape(rule), "\"");
}

KnownFault LikeThatOfAnEngine(KnownFault fault, absl::string_view name) {
  fault.name = name;
  fault.profile = kProfile;
  for (std::string& rule : fault.rules) rule = OfTheBundle(rule);
  const auto skipped = [](const ExpectedKill& kill) { return IsAmong(kWithoutGuest, kill.check); };
  fault.kills.erase(std::remove_if(fault.kills.begin(), fault.kills.end(), skipped),
                    fault.kills.end());
  return fault;
}

// What is not the same without an engine.
void Adapt(KnownFault& fault) {
  if (fault.name == "wasm-hooks-failures-unexplained") {
    fault.what = "the error of Create does not say why a hook failed";
    fault.rules = {R"(reply Create where code!=0 text "a hook failed")"};
  } else if (fault.name == "wasm-hooks-prestart-skipped") {
    fault.kills = {{"hooks/prestart-gets-the-state", "process.state"},
                   {"hooks/create-runs-its-hooks-in-order", "event.order"}};
  }
}

}  // namespace

std::vector<KnownFault> WireWasmHookFaults() {
  std::vector<KnownFault> all;
  for (const KnownFault& fault : EngineHookFaults()) {
    const auto* name =
        std::find(std::begin(kNames), std::end(kNames), absl::StrCat(kPrefix, fault.name));
    if (name == std::end(kNames)) continue;
    all.push_back(LikeThatOfAnEngine(fault, *name));
    Adapt(all.back());
  }
  return all;
}

}  // namespace fakes
