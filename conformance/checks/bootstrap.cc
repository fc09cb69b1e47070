// SPDX-License-Identifier: Apache-2.0
// Contract §1: the command line, `-v`, `-info`, `start` with its environment, stdin, stdout and
// files. The `delete` action is judged in delete_recovery.cc, sockets in socket_reuse.cc.
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "conformance/checks/areas.h"
#include "conformance/checks/bootstrap_support.h"
#include "conformance/harness/check_context.h"
#include "runtime/sandbox/v1/sandbox.pb.h"

namespace conformance {
namespace {

using ::testing::Contains;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Ne;
using ::testing::Not;
using ::testing::StartsWith;

// --- command line --------------------------------------------------------------------------------

void AcceptsEitherDash(CheckContext& check) {
  for (const auto& [name, options] : std::vector<std::pair<std::string, StartOptions>>{
           {"-id X", {}}, {"--id X", {.double_dash = true}}, {"-id=X", {.equals = true}}}) {
    ExpectStarts(check, check.MakeBundle(Program("pause")), options,
                 absl::StrCat("flags as ", name));
  }
}

void AcceptsDebug(CheckContext& check) {
  ExpectStarts(check, check.MakeBundle(Program("pause")), {.debug = true}, "-debug given");
}

void IgnoresPublishBinary(CheckContext& check) {
  ExpectStarts(check, check.MakeBundle(Program("pause")),
               {.extra_flags = {"-publish-binary", "/nonexistent/containerd"}},
               "-publish-binary names no existing file");
}

void RefusesEmptyNamespace(CheckContext& check) {
  ExpectRefusal(check, check.MakeBundle(Program("pause")), {.ns = ""}, "-namespace is empty");
}

void RefusesInvalidNamespace(CheckContext& check) {
  for (const char* ns : {"../x", "a b", "-a", "a//b"}) {
    ExpectRefusal(check, check.MakeBundle(Program("pause")), {.ns = ns},
                  absl::StrCat("-namespace ", ns));
  }
}

void AcceptsLongNames(CheckContext& check) {
  const std::string ns(76, 'n');
  const Bundle bundle = check.MakeBundle(Program("pause"), {.id = std::string(64, 'i')});
  ExpectStarts(check, bundle, {.ns = ns}, "76-character namespace, 64-character id");
}

void RefusesUnknownFlag(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ExpectRefusal(check, bundle, {.extra_flags = {"-no-such-flag"}}, "an unknown flag");
}

// --- -v, -info
// ------------------------------------------------------------------------------------

void PrintsItsVersion(CheckContext& check) {
  const std::size_t before = check.World().All().size();
  const CommandResult result =
      check.RunShim({"-v"}, {.env = std::vector<std::string>{}, .working_directory = "/"});
  check.EXPECT_THAT(result.ExitedWith(0), Eq(true),
                    {.text = absl::StrCat("-v ends with ", ::testing::PrintToString(result)),
                     .code = why::kStartOutput});
  check.EXPECT_THAT(result.standard_output, Not(IsEmpty()),
                    {.text = "-v prints the version to stdout", .code = why::kStartOutput});
  check.EXPECT_THAT(check.World().All().size(), Eq(before),
                    {.text = "-v starts nothing", .code = why::kLeftProcess});
}

// Nothing but where programs are found.
std::vector<std::string> BareEnvironment() {
  const char* const path = std::getenv("PATH");
  return {absl::StrCat("PATH=", path != nullptr ? path : "/usr/sbin:/usr/bin:/sbin:/bin")};
}

void InfoNeedsNoContext(CheckContext& check) {
  const CommandResult result =
      check.RunShim({"-info"}, {.env = BareEnvironment(), .working_directory = "/"});
  check.ASSERT_THAT(result.ExitedWith(0), Eq(true),
                    {.text = absl::StrCat("-info ends with ", ::testing::PrintToString(result)),
                     .code = why::kStartOutput});
  JudgeRuntimeInfo(check, result.standard_output);
}

void InfoReportsItsOptions(CheckContext& check) {
  const std::string options = RuncOptionsAny("runc");
  const CommandResult result =
      check.RunShim({"-info"}, {.standard_input = options, .env = BareEnvironment()});
  check.ASSERT_THAT(result.ExitedWith(0), Eq(true),
                    {.text = absl::StrCat("-info ends with ", ::testing::PrintToString(result)),
                     .code = why::kStartOutput});
  JudgeRuntimeInfoOptions(check, result.standard_output, options);
}

void InfoRefusesMissingEngine(CheckContext& check) {
  const CommandResult result = check.RunShim(
      {"-info"}, {.standard_input = RuncOptionsAny("/nonexistent/engine-of-the-judge")});
  check.EXPECT_THAT(result.timed_out, Eq(false),
                    {.text = "`-info` ends", .code = why::kReplyMissing});
  check.EXPECT_THAT(
      result.exit.ShellStatus(), Ne(0u),
      {.text = "-info fails when its engine cannot be found", .code = why::kStartAccepted});
  check.EXPECT_THAT(result.standard_error, Not(IsEmpty()),
                    {.text = "and says so on stderr", .code = why::kStartOutput});
}

// --- start ---------------------------------------------------------------------------------------

void JudgeDialect(CheckContext& check, Dialect dialect) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
  const StartResult result = check.RunStart(bundle, {.dialect = dialect});
  if (!result.usable()) {
    check.Note(absl::StrCat("the ", DialectName(dialect),
                            " dialect is not spoken: ", ::testing::PrintToString(result)));
    // Supporting either dialect is conformant (VERS-01); a refusal must be a clean one.
    JudgeRefusal(check, bundle, result, absl::StrCat("the ", DialectName(dialect), " dialect"));
    return;
  }
  ShimUnderTest& shim = check.ConnectTo(result.address, result.version < 3 ? 2 : 3);
  const Task task =
      check.Create(Program("exit_code", "0"), {.existing_bundle = bundle, .shim = &shim});
  check.ASSERT_THAT(task.Start(), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
}
void SpeaksLegacy(CheckContext& check) { JudgeDialect(check, Dialect::kLegacy); }
void SpeaksParams(CheckContext& check) { JudgeDialect(check, Dialect::kParams); }

void AnswersAtOnce(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const StartResult result = RequireStart(check, bundle);
  ShimUnderTest& shim = check.ConnectTo(result.address, result.version < 3 ? 2 : 3);
  const absl::StatusOr<ConnectInfo> info = shim.Connect(bundle.id);
  check.ASSERT_THAT(info, IsOk(),
                    {.text = "the first call is answered", .requirement = "START-06"});
  check.EXPECT_THAT(info->shim_pid, Ne(0u), {.requirement = "CONN-01"});
  check.EXPECT_THAT(info->task_pid, Eq(0u),
                    {.text = "no task was created yet", .requirement = "CONN-01"});
}

void WritesOnlyTheResult(CheckContext& check) {
  const StartResult result = RequireStart(check, check.MakeBundle(Program("pause")));
  // Text that is no result of another form is an address as a whole, whatever it says.
  check.EXPECT_THAT(result.address.find_first_of(" \t\r\n"), Eq(std::string::npos),
                    {.text = absl::StrCat("the output is one word, the address: ",
                                          result.command.standard_output),
                     .code = why::kStartOutput});
}

void ReleasesItsOutput(CheckContext& check) {
  const StartResult result = RequireStart(check, check.MakeBundle(Program("pause")));
  check.EXPECT_THAT(result.eof_seen, Eq(true),
                    {.text = "nobody keeps the output of `start` open after its exit",
                     .code = why::kProcessState});
}

void DaemonOutlivesItsStarter(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& shim = check.StartShim(bundle);
  const std::optional<ProcessInfo> daemon = check.World().Find(shim.pid());
  check.ASSERT_THAT(daemon.has_value(), Eq(true),
                    {.text = "the daemon is found", .code = why::kProcessState});
  const std::optional<ProcessInfo> self = check.World().Find(1);
  check.EXPECT_THAT(
      daemon->group, Ne(self.has_value() ? self->group : 1),
      {.text = "the daemon is not in containerd's process group", .code = why::kProcessState});
  check.EXPECT_THAT(shim.Connect(bundle.id), IsOk());
}

void DaemonDoesNotHoldItsStarterPipe(CheckContext& check) {
  ShimUnderTest& shim = check.StartShim(check.MakeBundle(Program("pause")));
  std::map<int, std::string> fds = check.World().Fds(shim.pid());
  check.ASSERT_THAT(fds, Not(IsEmpty()), {.code = why::kProcessState});
  for (int fd : {0, 1}) {
    check.EXPECT_THAT(
        fds[fd], Not(StartsWith("pipe:")),
        {.text = absl::StrCat("fd ", fd, " of the daemon"), .code = why::kProcessState});
  }
}

void RefusesMissingConfig(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"), {.omit_config = true});
  const StartResult result = check.RunStart(bundle);
  if (!result.usable()) {
    ExpectRefusal(check, check.MakeBundle(Program("pause"), {.omit_config = true}), {},
                  "there is no config.json");
    return;
  }
  // Nothing tells it from the bundle of a sandbox (SBX-21), where there are sandboxes.
  ShimUnderTest& shim = check.ConnectTo(result.address, result.version < 3 ? 2 : 3);
  check.ASSERT_THAT(shim.Connect(bundle.id), IsOk(), {.requirement = "START-06"});
  containerd::runtime::sandbox::v1::PingRequest ping;
  ping.set_sandbox_id(bundle.id);
  const absl::Status served = shim.CallService("containerd.runtime.sandbox.v1.Sandbox",
                                               "PingSandbox", ping.SerializeAsString())
                                  .status();
  check.EXPECT_THAT(absl::IsUnimplemented(served), Eq(false),
                    {.text = "`start` takes a bundle without config.json, but there is no "
                             "Sandbox service that could want it",
                     .code = why::kStartAccepted});
}
void RefusesBrokenConfig(CheckContext& check) {
  ExpectRefusal(check, check.MakeBundle(Program("pause"), {.config_text = "{\"ociVersion\": "}), {},
                "config.json is no JSON");
}

void StartsWithoutContainerd(CheckContext& check) {
  check.Sink().Stop();
  const Task task = check.Run(Program("exit_code", "3"));
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(3)),
                    {.text = "a task runs although nobody takes events"});
  check.Sink().Restart();
}

void RaisesOomScore(CheckContext& check) {
  ShimUnderTest& shim = check.StartShim(check.MakeBundle(Program("pause")));
  int own = 0;
  int daemon = 0;
  const bool read =
      absl::SimpleAtoi(absl::StripAsciiWhitespace(check.World().ReadProc(1, "oom_score_adj")),
                       &own) &&
      absl::SimpleAtoi(
          absl::StripAsciiWhitespace(check.World().ReadProc(shim.pid(), "oom_score_adj")), &daemon);
  check.ASSERT_THAT(read, Eq(true), {.text = "oom_score_adj is readable", .code = why::kHarness});
  check.EXPECT_THAT(daemon, Eq(std::min(own + 1, 1000)),
                    {.text = "oom_score_adj of the daemon", .code = why::kProcessState});
}

void DaemonIsFindable(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& shim = check.StartShim(bundle);
  const std::optional<ProcessInfo> daemon = check.World().Find(shim.pid());
  check.ASSERT_THAT(daemon.has_value(), Eq(true),
                    {.text = "the daemon is found", .code = why::kProcessState});
  check.EXPECT_THAT(
      daemon->argv, Contains(bundle.id),
      {.text = "-id and its value stand in the daemon's argv", .code = why::kProcessState});
  check.EXPECT_THAT(
      daemon->argv, Contains(check.Namespace()),
      {.text = "-namespace and its value stand in the daemon's argv", .code = why::kProcessState});
}

void SurvivesItsParentsSignals(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& shim = check.StartShim(bundle);
  const std::optional<ProcessInfo> daemon = check.World().Find(shim.pid());
  check.ASSERT_THAT(daemon.has_value(), Eq(true),
                    {.text = "the daemon is found", .code = why::kProcessState});
  check.EXPECT_THAT(daemon->parent, Eq(1),
                    {.text = "the daemon was re-parented: nothing between it and containerd's init",
                     .code = why::kProcessState});
}

// --- environment and stdin -----------------------------------------------------------------------

void NeedsOnlyTtrpcAddress(CheckContext& check) {
  ExpectStarts(check, check.MakeBundle(Program("pause")),
               {.remove_env = {"GRPC_ADDRESS", "NAMESPACE", "MAX_SHIM_VERSION", "GOMAXPROCS"}},
               "the environment of containerd 1.6");
}

void IgnoresUnknownEnvironment(CheckContext& check) {
  ExpectStarts(check, check.MakeBundle(Program("pause")),
               {.env = {{"MAX_SHIM_VERSION", "2"},
                        {"OTEL_SERVICE_NAME", "judge"},
                        {"SHIMGAUGE_UNKNOWN", std::string(4096, 'x')}}},
               "variables it does not know");
}

void VersionNeedsNoEnvironment(CheckContext& check) {
  const CommandResult result = check.RunShim({"-v"}, {.env = std::vector<std::string>{}});
  check.EXPECT_THAT(result.timed_out, Eq(false), {.text = "`-v` ends", .code = why::kReplyMissing});
  check.EXPECT_THAT(
      result.exit.signal, Eq(0),
      {.text = "a missing TTRPC_ADDRESS does not crash `-v`", .code = why::kShimCrashed});
}

void UsesItsOptions(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
  const StartResult result = check.RunStart(bundle, {.runc_options = RuncOptions("runc")});
  check.ASSERT_THAT(result.usable(), Eq(true),
                    {.text = absl::StrCat("`start` with runc options on stdin: ",
                                          ::testing::PrintToString(result)),
                     .code = why::kStartFailed});
  ShimUnderTest& shim = check.ConnectTo(result.address, result.version < 3 ? 2 : 3);
  check.EXPECT_THAT(shim.Connect(bundle.id), IsOk());
}

void ToleratesUnknownStdin(CheckContext& check) {
  for (const auto& [name, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"an Any of unknown type", UnknownAny()},
           {"bytes that are no message", "\xff\xff\xff"}}) {
    const Bundle bundle = check.MakeBundle(Program("pause"));
    const StartResult result = check.RunStart(bundle, {.raw_stdin = bytes});
    check.EXPECT_THAT(
        result.usable(), Eq(true),
        {.text = absl::StrCat("stdin is ", name, ": ", ::testing::PrintToString(result)),
         .code = why::kStartFailed});
    if (result.usable()) CheckConnects(check, bundle, result);
  }
}

void HonoursSocketDirectory(CheckContext& check) {
  const std::string directory = absl::StrCat(check.ScratchDirectory(), "/s");
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const StartResult result =
      check.RunStart(bundle, {.dialect = Dialect::kParams, .socket_dir = directory});
  if (!result.usable()) check.Skip("the shim does not speak the dialect of containerd 2.3");
  check.EXPECT_THAT(
      result.address, StartsWith(absl::StrCat("unix://", directory, "/")),
      {.text = "the socket lies in BootstrapParams.socket_dir", .code = why::kSocketState});
  CheckConnects(check, bundle, result);
}

// --- files ---------------------------------------------------------------------------------------

void WritesAddressFile(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const StartResult result = RequireStart(check, bundle);
  CheckConnects(check, bundle, result);
  if (result.version >= 3) {
    check.Note("announces version 3: containerd 2.0 and later store the address themselves");
    return;
  }
  check.EXPECT_THAT(ReadWholeFile(absl::StrCat(bundle.path, "/address")), Eq(result.address),
                    {.text = "the file `address` in the bundle", .code = why::kFileContent});
}

void LeavesTheBundleAlone(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
  const std::string config = ReadWholeFile(absl::StrCat(bundle.path, "/config.json"));
  std::error_code error;
  const std::string link = absl::StrCat(bundle.path, "/work");
  const std::string work = std::filesystem::read_symlink(link, error).string();
  check.ASSERT_THAT(work, Not(IsEmpty()), {.code = why::kHarness});
  // What containerd writes there before `start`.
  const std::string program = absl::StrCat(bundle.path, "/shim-binary-path");
  std::ofstream(program) << "/usr/bin/containerd-shim";
  ShimUnderTest& shim = check.StartShim(bundle);
  const Task task =
      check.Create(Program("exit_code", "0"), {.existing_bundle = bundle, .shim = &shim});
  check.ASSERT_THAT(task.Start(), IsOk());
  check.ASSERT_THAT(task.Wait(), IsOk());
  check.ASSERT_THAT(task.Delete(), IsOk());
  check.ASSERT_THAT(shim.Shutdown(bundle.id), IsOk());
  check.EXPECT_THAT(shim.AwaitExit(std::chrono::seconds(16)), Eq(true),
                    {.text = "the shim ends", .code = why::kLeftProcess});
  check.EXPECT_THAT(check.RunDelete(bundle).command.ExitedWith(0), Eq(true),
                    {.text = "`delete` succeeds", .code = why::kProcessState});
  check.EXPECT_THAT(ReadWholeFile(absl::StrCat(bundle.path, "/config.json")), Eq(config),
                    {.text = "config.json is still there, unchanged", .code = why::kFileContent});
  check.EXPECT_THAT(ReadWholeFile(program), Eq("/usr/bin/containerd-shim"),
                    {.text = "containerd's file shim-binary-path",
                     .code = why::kFileContent,
                     .requirement = "FILE-02"});
  check.EXPECT_THAT(std::filesystem::read_symlink(link, error).string(), Eq(work),
                    {.text = "the link to the work directory", .code = why::kFileContent});
}

void SurvivesLossOfTheLogReader(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"), {.without_log_fifo = false});
  ShimUnderTest& shim = check.StartShim(bundle, {.debug = true});
  check.CloseLog(bundle);
  const Task task = check.Create(Program("pause"), {.existing_bundle = bundle, .shim = &shim});
  check.ASSERT_THAT(task.Start(), IsOk(), {.text = "with nobody reading `log`"});
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(task.Delete(), IsOk());
  check.EXPECT_THAT(shim.alive(), Eq(true), {.text = "the shim lives", .code = why::kShimCrashed});
}

void SurvivesAFullLog(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  // Full before the first line of the daemon, or it depends on the moment which line finds it full.
  check.FillLog(bundle);
  ShimUnderTest& shim = check.StartShim(bundle, {.debug = true});
  check.EXPECT_THAT(shim.Connect(bundle.id), IsOk(), {.text = "with the `log` FIFO full"});
  const Task task = check.Create(Program("pause"), {.existing_bundle = bundle, .shim = &shim});
  check.EXPECT_THAT(task.Start(), IsOk(), {.text = "with the `log` FIFO full"});
}

}  // namespace

void AddBootstrapChecks(std::vector<Check>& checks) {
  const std::vector<Check> rows = {
      {.id = "bootstrap/prints-its-version",
       .requirements = {"VER-01"},
       .level = Level::kShould,
       .run = PrintsItsVersion},
      {.id = "bootstrap/version-needs-no-environment",
       .requirements = {"ENV-07"},
       .run = VersionNeedsNoEnvironment},
      {.id = "bootstrap/info-needs-no-context",
       .requirements = {"INFO-02", "INFO-01", "INFO-03", "INFO-04", "INFO-06"},
       .level = Level::kShould,
       .needs = ToNeeds(Need::kInfo),
       .run = InfoNeedsNoContext},
      {.id = "bootstrap/info-reports-its-options",
       .requirements = {"INFO-03", "INFO-04"},
       .level = Level::kShould,
       .needs = Need::kInfo | Need::kOciEngine,
       .run = InfoReportsItsOptions},
      {.id = "bootstrap/info-refuses-a-missing-engine",
       .requirements = {"INFO-05"},
       .level = Level::kShould,
       .needs = Need::kInfo | Need::kOciEngine,
       .run = InfoRefusesMissingEngine},
      {.id = "bootstrap/speaks-legacy-or-refuses-cleanly",
       .requirements = {"VERS-01", "STDIN-01", "STDIN-07", "VERS-02"},
       .run = SpeaksLegacy},
      {.id = "bootstrap/speaks-params-or-refuses-cleanly",
       .requirements = {"VERS-01", "STDIN-02", "STDIN-05", "VERS-02"},
       .run = SpeaksParams},
      {.id = "bootstrap/tolerates-unknown-stdin",
       .requirements = {"STDIN-06"},
       .level = Level::kShould,
       .run = ToleratesUnknownStdin},
      {.id = "bootstrap/honours-the-socket-directory",
       .requirements = {"STDIN-10", "SOCK-02"},
       .run = HonoursSocketDirectory},
      {.id = "bootstrap/leaves-the-bundle-alone",
       .requirements = {"FILE-07", "FILE-02", "FILE-08", "REC-08", "START-01"},
       .run = LeavesTheBundleAlone},
      {.id = "bootstrap/survives-the-loss-of-its-log-reader",
       .requirements = {"FILE-04", "SIG-01"},
       .run = SurvivesLossOfTheLogReader},
      {.id = "bootstrap/survives-a-full-log",
       .requirements = {"FILE-05", "FILE-03"},
       .level = Level::kShould,
       .run = SurvivesAFullLog},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
  const std::vector<Check> rows_of_start = {
      {.id = "bootstrap/accepts-one-or-two-dashes",
       .requirements = {"FLAG-01", "FLAG-02", "FLAG-03"},
       .run = AcceptsEitherDash},
      {.id = "bootstrap/accepts-debug",
       .requirements = {"FLAG-02", "FLAG-04"},
       .run = AcceptsDebug},
      {.id = "bootstrap/ignores-the-publish-binary",
       .requirements = {"FLAG-05"},
       .run = IgnoresPublishBinary},
      {.id = "bootstrap/refuses-an-empty-namespace",
       .requirements = {"FLAG-06", "START-07"},
       .run = RefusesEmptyNamespace},
      {.id = "bootstrap/refuses-an-invalid-namespace",
       .requirements = {"FLAG-07", "START-07"},
       .level = Level::kShould,
       .run = RefusesInvalidNamespace},
      {.id = "bootstrap/accepts-the-longest-names",
       .requirements = {"FLAG-08", "SOCK-05"},
       .run = AcceptsLongNames},
      {.id = "bootstrap/refuses-an-unknown-flag",
       .requirements = {"FLAG-09", "START-07"},
       .level = Level::kShould,
       .run = RefusesUnknownFlag},
      {.id = "bootstrap/answers-when-start-has-returned",
       .requirements = {"START-05", "START-06", "START-08", "SOCK-07"},
       .run = AnswersAtOnce},
      {.id = "bootstrap/writes-nothing-but-the-result",
       .requirements = {"START-03", "START-02", "OUT-04", "OUT-06", "VERS-03"},
       .run = WritesOnlyTheResult},
      {.id = "bootstrap/releases-the-output-of-start",
       .requirements = {"START-04"},
       .run = ReleasesItsOutput},
      {.id = "bootstrap/daemon-holds-no-pipe-of-start",
       .requirements = {"START-04"},
       .run = DaemonDoesNotHoldItsStarterPipe},
      {.id = "bootstrap/daemon-leaves-containerds-group",
       .requirements = {"START-11", "SIG-05", "ENV-08"},
       .run = DaemonOutlivesItsStarter},
      {.id = "bootstrap/daemon-is-reparented",
       .requirements = {"START-11"},
       .run = SurvivesItsParentsSignals},
      {.id = "bootstrap/refuses-a-missing-config",
       .requirements = {"START-09", "START-07"},
       .level = Level::kShould,
       .run = RefusesMissingConfig},
      {.id = "bootstrap/refuses-a-broken-config",
       .requirements = {"START-09", "START-07"},
       .level = Level::kShould,
       .run = RefusesBrokenConfig},
      {.id = "bootstrap/works-without-containerd",
       .requirements = {"START-10", "TASK-10"},
       .run = StartsWithoutContainerd},
      {.id = "bootstrap/raises-its-oom-score",
       .requirements = {"START-12"},
       .level = Level::kShould,
       .run = RaisesOomScore},
      {.id = "bootstrap/daemon-is-findable-by-its-arguments",
       .requirements = {"UND-04", "START-16"},
       .level = Level::kShould,
       .run = DaemonIsFindable},
      {.id = "bootstrap/works-in-the-oldest-environment",
       .requirements = {"ENV-06", "ENV-01", "ENV-02", "ENV-04"},
       .run = NeedsOnlyTtrpcAddress},
      {.id = "bootstrap/tolerates-unknown-environment",
       .requirements = {"ENV-06", "ENV-03"},
       .run = IgnoresUnknownEnvironment},
      {.id = "bootstrap/takes-runc-options-on-stdin",
       .requirements = {"STDIN-03", "STDIN-01", "STDIN-02"},
       .needs = ToNeeds(Need::kOciEngine),
       .run = UsesItsOptions},
      {.id = "bootstrap/writes-the-address-file",
       .requirements = {"FILE-01"},
       .run = WritesAddressFile},
  };
  AddInEachDialect(rows_of_start, checks);
}

}  // namespace conformance
