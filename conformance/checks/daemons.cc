// SPDX-License-Identifier: Apache-2.0
// Contract §10: would the shim run under each generation of containerd? Each check starts it with
// the environment and stdin of that generation, reads its result as that generation does, and runs
// a task to its end. A shim need not suit them all (VERS-01), so these are observations: passed
// means it would run, skipped says why it would not. The report's table of containerd versions is
// made of them.
#include <absl/status/status.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <string>
#include <vector>

#include "conformance/checks/areas.h"
#include "conformance/checks/bootstrap_support.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/daemon_line.h"
#include "containerd/bootstrap.h"

namespace conformance {
namespace {

using Form = containerd::Dialect;

// How one generation speaks to `start` and what it makes of the answer.
struct Generation {
  DaemonLine line = DaemonLine::k1_6;
  Dialect dialect = Dialect::kLegacy;
  std::vector<std::string> missing_env;
  std::string version;             // told to shims from 2.3 on
  Form newest_form = Form::kText;  // of results it can read
  int newest_version = 2;          // of the Task service
  bool reads_address_file = false;
  bool falls_back_to_v2 = false;
};

const std::vector<Generation>& Generations() {
  static const std::vector<Generation> generations = {
      {.line = DaemonLine::k1_6,
       .missing_env = {"GRPC_ADDRESS", "NAMESPACE", "MAX_SHIM_VERSION"},
       .newest_form = Form::kText,
       .reads_address_file = true},
      {.line = DaemonLine::k1_7, .newest_form = Form::kJson, .reads_address_file = true},
      {.line = DaemonLine::k2_0,
       .newest_form = Form::kJson,
       .newest_version = 3,
       .falls_back_to_v2 = true},
      {.line = DaemonLine::k2_3,
       .dialect = Dialect::kParams,
       .version = "v2.3.0",
       .newest_form = Form::kProtobuf,
       .newest_version = 3,
       .falls_back_to_v2 = true},
      {.line = DaemonLine::k2_4,
       .dialect = Dialect::kParams,
       .version = "v2.4.0",
       .newest_form = Form::kProtobuf,
       .newest_version = 3,
       .falls_back_to_v2 = true},
  };
  return generations;
}

std::string FirstLine(const std::string& text) {
  constexpr std::size_t kLongest = 160;
  const std::string line = text.substr(0, text.find('\n'));
  return line.size() > kLongest ? absl::StrCat(line.substr(0, kLongest), "...") : line;
}

// Ends the check with the reason why it would not run, unless `status` is OK.
void SkipUnless(CheckContext& check, const absl::Status& status, const std::string& what) {
  if (!status.ok()) check.Skip(absl::StrCat(what, ": ", FirstLine(status.ToString())));
}

containerd::BootstrapResult ReadResult(CheckContext& check, const Generation& generation,
                                       const StartResult& result) {
  if (!result.command.ExitedWith(0)) {
    check.Skip(absl::StrCat("`start` refuses its stdin, ", DialectName(generation.dialect), ": ",
                            FirstLine(result.command.standard_output)));
  }
  const absl::StatusOr<containerd::BootstrapResult> read =
      containerd::ParseStartResult(result.command.standard_output);
  SkipUnless(check, read.status(), "the result of `start` is none");
  if (read->dialect > generation.newest_form) {
    check.Skip(absl::StrCat("the result of `start` is ",
                            std::string(containerd::DialectName(read->dialect)),
                            ", which this containerd takes for an address"));
  }
  if (read->version > generation.newest_version) {
    check.Skip(absl::StrCat("the shim announces version ", read->version, " of the Task service"));
  }
  if (!check.CanConnect(read->address)) {
    check.Skip(absl::StrCat("nobody listens at ", read->address));
  }
  return *read;
}

ShimUnderTest& Reach(CheckContext& check, const Generation& generation,
                     const containerd::BootstrapResult& result, const Bundle& bundle) {
  ShimUnderTest& announced = check.ConnectTo(result.address, result.version);
  const absl::Status status = announced.Connect(bundle.id).status();
  if (!absl::IsUnimplemented(status) || !generation.falls_back_to_v2 || result.version < 3) {
    SkipUnless(check, status, absl::StrCat("Connect on version ", result.version));
    return announced;
  }
  ShimUnderTest& older = check.ConnectTo(result.address, 2);
  SkipUnless(check, older.Connect(bundle.id).status(), "Connect, after falling back to version 2");
  return older;
}

void RunUnder(CheckContext& check, const Generation& generation) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "7"));
  StartOptions options{.dialect = generation.dialect, .remove_env = generation.missing_env};
  if (generation.dialect == Dialect::kParams) {
    options.raw_stdin =
        containerd::EncodeBootstrapParams({.id = bundle.id,
                                           .name_space = check.Namespace(),
                                           .containerd_version = generation.version,
                                           .ttrpc_address = check.Sink().address(),
                                           .grpc_address = check.ContainerdAddress(),
                                           .binary = "/usr/bin/containerd"});
  }
  const StartResult started = check.RunStart(bundle, options);
  const containerd::BootstrapResult result = ReadResult(check, generation, started);
  ShimUnderTest& shim = Reach(check, generation, result, bundle);
  const Task task =
      check.TryCreate(Program("exit_code", "7"), {.existing_bundle = bundle, .shim = &shim});
  SkipUnless(check, task.create_status(), "Create");
  SkipUnless(check, task.Start().status(), "Start");
  const absl::StatusOr<ExitInfo> exit = task.Wait();
  SkipUnless(check, exit.status(), "Wait");
  check.EXPECT_THAT(*exit, ExitedWith(7));
  if (generation.reads_address_file &&
      ReadWholeFile(absl::StrCat(bundle.path, "/address")) != result.address) {
    check.Skip("after a restart it would look for the address in the bundle's file `address`");
  }
  SkipUnless(check, task.Delete().status(), "Delete");
  SkipUnless(check, shim.Shutdown(bundle.id), "Shutdown");
  check.EXPECT_THAT(check.RunDelete(bundle).command.ExitedWith(0), ::testing::Eq(true),
                    {.text = "`delete` succeeds", .code = why::kProcessState});
}

}  // namespace

void AddDaemonsChecks(std::vector<Check>& checks) {
  for (const Generation& generation : Generations()) {
    checks.push_back({.id = DaemonCheckId(generation.line),
                      .requirements = {"VERS-01", "VERS-04", "OUT-08", "OUT-09"},
                      .level = Level::kMay,
                      .run = [&generation](CheckContext& check) { RunUnder(check, generation); }});
  }
}

}  // namespace conformance
