// SPDX-License-Identifier: Apache-2.0
// Contract §1.5 and §1.6 beyond the everyday: what the result of `start` says, and what it does not
// depend on.
#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <sys/prctl.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "conformance/checks/areas.h"
#include "conformance/checks/bootstrap_support.h"
#include "conformance/harness/cgroup_tree.h"
#include "conformance/harness/check_context.h"
#include "containerd/bootstrap.h"
#include "containerd/shim_address.h"
#include "runc/options.pb.h"
#include "types/runtime_info.pb.h"

namespace conformance {
namespace {

using ::testing::Each;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Ne;
using ::testing::Not;

constexpr std::chrono::seconds kExitDeadline{16};

// `start` in each dialect the shim speaks; at least one.
std::vector<std::pair<Bundle, StartResult>> StartInEveryDialect(CheckContext& check) {
  std::vector<std::pair<Bundle, StartResult>> started;
  for (const Dialect dialect : {Dialect::kLegacy, Dialect::kParams}) {
    const Bundle bundle = check.MakeBundle(Program("pause"));
    StartResult result = check.RunStart(bundle, {.dialect = dialect});
    if (result.usable()) started.emplace_back(bundle, std::move(result));
  }
  check.ASSERT_THAT(started, Not(IsEmpty()),
                    {.text = "dialects that the shim speaks", .code = why::kStartFailed});
  return started;
}

void ResultLeadsToTheService(CheckContext& check) {
  for (const auto& [bundle, started] : StartInEveryDialect(check)) {
    const auto result = containerd::ParseStartResult(started.command.standard_output);
    check.ASSERT_THAT(result, IsOk(), {.code = why::kStartOutput});
    const auto address = containerd::ParseAddress(result->address);
    check.ASSERT_THAT(address, IsOk(),
                      {.text = "the address is one that containerd dials",
                       .code = why::kStartOutput,
                       .requirement = "OUT-07"});
    ShimUnderTest& shim = check.ConnectTo(result->address, result->version);
    const auto answer = shim.Connect(bundle.id);
    const std::string protocol = absl::AsciiStrToLower(started.protocol);
    if (!answer.ok() && protocol == "grpc") check.Skip("speaks grpc, this judge only ttrpc");
    check.EXPECT_THAT(answer, IsOk(),
                      {.text = absl::StrCat("the announced version ", result->version,
                                            " of the Task service answers"),
                       .requirement = "OUT-05"});
    check.EXPECT_THAT(protocol, Eq("ttrpc"),
                      {.text = "the protocol announced for a socket that answers ttrpc",
                       .code = why::kStartOutput,
                       .requirement = "OUT-06"});
    check.Note(absl::StrCat("in the ", DialectName(started.dialect),
                            " dialect: ", std::string(containerd::DialectName(result->dialect)),
                            ", version ", result->version));
    for (const auto& extension : result->extensions) {
      check.EXPECT_THAT(extension.type_url(), Not(IsEmpty()),
                        {.text = "an extension names its type",
                         .code = why::kStartOutput,
                         .requirement = "V24-01"});
    }
  }
}

// What may differ between two daemons of one dialect must not change what is announced.
void ResultDoesNotDependOnTheDaemon(CheckContext& check) {
  const StartResult plain = RequireStart(check, check.MakeBundle(Program("pause")));
  for (const char* const version : {"0", "1", "2", "3", "99", "", "x"}) {
    const Bundle bundle = check.MakeBundle(Program("pause"));
    const StartResult result =
        RequireStart(check, bundle, {.env = {{"MAX_SHIM_VERSION", version}}});
    check.EXPECT_THAT(result.version, Eq(plain.version),
                      {.text = absl::StrCat("version announced with MAX_SHIM_VERSION=", version),
                       .code = why::kStartOutput});
    CheckConnects(check, bundle, result);
  }
}

containerd::StartParams ParamsFor(CheckContext& check, const Bundle& bundle) {
  return {.id = bundle.id,
          .name_space = check.Namespace(),
          .containerd_version = "2.4.0",
          .ttrpc_address = check.Sink().address(),
          .grpc_address = check.ContainerdAddress(),
          .binary = "/usr/bin/containerd"};
}

void NeedParams(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  if (!check.RunStart(bundle, {.dialect = Dialect::kParams}).usable()) {
    check.Skip("the shim does not speak the dialect of containerd 2.3");
  }
}

void ExpectStartsWith(CheckContext& check, const containerd::StartParams& params,
                      const Bundle& bundle, const std::string& circumstance) {
  ExpectStarts(
      check, bundle,
      {.dialect = Dialect::kParams, .raw_stdin = containerd::EncodeBootstrapParams(params)},
      circumstance);
}

void AnyLogLevelWillDo(CheckContext& check) {
  NeedParams(check);
  for (const int level : {-100, -8, -4, 3, 4, 8, 12, 1000}) {
    const Bundle bundle = check.MakeBundle(Program("pause"));
    containerd::StartParams params = ParamsFor(check, bundle);
    params.log_level = level;
    ExpectStartsWith(check, params, bundle, absl::StrCat("log_level ", level));
  }
}

void AnyContainerdVersionWillDo(CheckContext& check) {
  NeedParams(check);
  for (const char* const version : {"", "1.6.20", "99.0.0-beta+dirty", "no version at all"}) {
    const Bundle bundle = check.MakeBundle(Program("pause"));
    containerd::StartParams params = ParamsFor(check, bundle);
    params.containerd_version = version;
    ExpectStartsWith(check, params, bundle, absl::StrCat("containerd version \"", version, "\""));
  }
}

void StdinIsBounded(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const StartResult result =
      check.RunStart(bundle, {.raw_stdin = std::string(std::size_t{32} << 20, '\xff')});
  check.EXPECT_THAT(
      result.command.timed_out, Eq(false),
      {.text = "`start` with 32 MiB of stdin ends by itself", .code = why::kReplyMissing});
  if (result.usable()) {
    CheckConnects(check, bundle, result);
  } else {
    JudgeRefusal(check, bundle, result, "32 MiB of stdin");
    CheckConnects(check, bundle, RequireStart(check, bundle));
  }
}

void StartNeedsNoRootfs(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
  const std::string rootfs = absl::StrCat(bundle.path, "/rootfs");
  std::error_code error;
  check.ASSERT_THAT(std::filesystem::is_empty(rootfs, error), Eq(true),
                    {.text = "nothing is mounted before `start`", .code = why::kHarness});
  ShimUnderTest& shim = CheckConnects(check, bundle, RequireStart(check, bundle));
  check.EXPECT_THAT(check.World().MountsBelow(bundle.path), IsEmpty(),
                    {.text = "`start` mounts nothing", .code = why::kLeftMount});
  const Task task =
      check.Create(Program("exit_code", "0"), {.existing_bundle = bundle, .shim = &shim});
  check.ASSERT_THAT(task.Start(), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
}

void DebugSocketIsRemoved(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& shim = check.StartShim(bundle, {.debug = true});
  check.ASSERT_THAT(shim.pid(), ::testing::Gt(0));
  const std::size_t sockets = SocketFiles(check).size();
  if (sockets > 1) check.Note("a second socket exists with -debug");
  check.ASSERT_THAT(shim.Shutdown(bundle.id), IsOk());
  check.ASSERT_THAT(shim.AwaitExit(kExitDeadline), Eq(true),
                    {.text = "the shim ends", .code = why::kLeftProcess});
  check.EXPECT_THAT(SocketFiles(check), IsEmpty(),
                    {.text = "sockets after the end of a daemon with -debug",
                     .code = why::kLeftSocket,
                     .requirement = "LEAK-03"});
}

void MountCapabilitiesAreReadable(CheckContext& check) {
  for (const auto& [bundle, started] : StartInEveryDialect(check)) {
    const auto result = containerd::ParseStartResult(started.command.standard_output);
    check.ASSERT_THAT(result, IsOk(), {.code = why::kStartOutput});
    CheckConnects(check, bundle, started);
    for (const auto& extension : result->extensions) {
      if (extension.type_url() != "containerd.types.MountCapabilities") continue;
      containerd::types::MountCapabilities capabilities;
      check.ASSERT_THAT(capabilities.ParseFromString(extension.value()), Eq(true),
                        {.text = "MountCapabilities decodes", .code = why::kStartOutput});
      check.EXPECT_THAT(capabilities.types(), Each(Not(IsEmpty())), {.code = why::kStartOutput});
      check.EXPECT_THAT(capabilities.transforms(), Each(Not(IsEmpty())),
                        {.code = why::kStartOutput});
    }
  }
}

void InfoNamesMountTypes(CheckContext& check) {
  const CommandResult result = check.RunShim({"-info"});
  check.ASSERT_THAT(result.ExitedWith(0), Eq(true),
                    {.text = "`-info` succeeds", .code = why::kStartOutput});
  containerd::types::RuntimeInfo info;
  check.ASSERT_THAT(
      info.ParseFromString(result.standard_output), Eq(true),
      {.text = "it can be decoded", .code = why::kStartOutput, .requirement = "INFO-01"});
  const auto mounts = info.annotations().find("containerd.io/runtime-allow-mounts");
  if (mounts == info.annotations().end()) {
    check.Skip("no mount type is asked for");
  }
  const std::vector<std::string> types = absl::StrSplit(mounts->second, ',');
  check.EXPECT_THAT(types, Each(Not(IsEmpty())),
                    {.text = "the mount types are separated by commas"});
}

void VersionHasALongName(CheckContext& check) {
  const CommandResult brief = check.RunShim({"-v"});
  const CommandResult result = check.RunShim({"-version"});
  check.EXPECT_THAT(result.ExitedWith(0), Eq(true), {.text = "-version is known"});
  check.EXPECT_THAT(result.standard_output, Eq(brief.standard_output),
                    {.text = "-version prints what -v prints"});
}

void BadCommandLinesAreRefused(CheckContext& check) {
  const Bundle healthy = check.MakeBundle(Program("pause"));
  CheckConnects(check, healthy, RequireStart(check, healthy));
  const std::string ns = check.Namespace();
  const std::vector<std::vector<std::string>> lines = {
      {"-namespace"},
      {"-id", "x", "start"},
      {"-namespace", ns, "-no-such-flag", "x", "start"},
      {"-namespace", ns, "-id", "\xff\xfe", "-bundle"},
      {"-namespace", "\xff", "-id", "x", "start"},
      {"=", "start"},
      {"--"},
  };
  for (const std::vector<std::string>& line : lines) {
    const CommandResult result =
        check.RunShim(line, {.working_directory = check.ScratchDirectory()});
    const std::string words = absl::CHexEscape(absl::StrJoin(line, " "));
    check.EXPECT_THAT(result.timed_out, Eq(false),
                      {.text = absl::StrCat("it ends: ", words), .code = why::kReplyMissing});
    check.EXPECT_THAT(result.exit.signal, Eq(0),
                      {.text = absl::StrCat("no crash: ", words), .code = why::kShimCrashed});
    check.EXPECT_THAT(result.exit.ShellStatus(), Ne(0u),
                      {.text = absl::StrCat("refused: ", words), .code = why::kStartAccepted});
    check.EXPECT_THAT(result.standard_error, Not(IsEmpty()),
                      {.text = absl::StrCat("with a reason: ", words), .code = why::kStartOutput});
  }
}

// Under an engine manager that takes no events there is no address; a shim may insist on one.
void NoEventAddressIsSurvived(CheckContext& check) {
  for (const bool absent : {false, true}) {
    const Bundle bundle = check.MakeBundle(Program("pause"));
    StartOptions options;
    if (absent) {
      options.remove_env = {"TTRPC_ADDRESS"};
    } else {
      options.env = {{"TTRPC_ADDRESS", ""}};
    }
    options.dialect = Dialect::kLegacy;
    const StartResult result = check.RunStart(bundle, options);
    check.EXPECT_THAT(result.command.exit.signal, Eq(0),
                      {.text = "`start` without an address for events", .code = why::kShimCrashed});
    if (!result.usable()) {
      check.Note(absl::StrCat("refuses TTRPC_ADDRESS ", absent ? "absent" : "empty"));
      CheckConnects(check, bundle, RequireStart(check, bundle));
      continue;
    }
    // Without a task: its events would have nowhere to go.
    ShimUnderTest& shim = CheckConnects(check, bundle, result);
    check.ASSERT_THAT(shim.pid(), ::testing::Gt(0));
    check.ASSERT_THAT(shim.Shutdown(bundle.id), IsOk());
    check.EXPECT_THAT(shim.AwaitExit(kExitDeadline), Eq(true),
                      {.text = "the shim ends", .code = why::kLeftProcess});
  }
}

// --- cgroups and cookies of the daemon -----------------------------------------------------------

// A directory of its own for the daemon, in every hierarchy, below this check's cgroups.
class ShimCgroup {
 public:
  ShimCgroup(CheckContext& check, const Bundle& bundle) {
    const auto config = nlohmann::json::parse(
        ReadWholeFile(absl::StrCat(bundle.path, "/config.json")), nullptr, false);
    const auto path = nlohmann::json::json_pointer("/linux/cgroupsPath");
    check.ASSERT_THAT(config.contains(path), Eq(true), {.code = why::kHarness});
    const std::string container = config.at(path).get<std::string>();
    name_ = absl::StrCat(container.substr(0, container.rfind('/')), "/shim");
    const auto tree = CgroupTree::Open(name_);
    check.ASSERT_THAT(tree, IsOk(), {.code = why::kHost});
    for (const std::string& hierarchy : tree->hierarchies()) {
      std::error_code error;
      const std::string directory = absl::StrCat(hierarchy, name_);
      std::filesystem::create_directories(directory, error);
      if (error) continue;
      // A new cpuset of version 1 has no processors and takes nobody in.
      if (std::filesystem::exists(absl::StrCat(directory, "/cpuset.cpu_exclusive"), error)) {
        std::filesystem::remove(directory, error);
      } else {
        directories_.push_back(directory);
      }
    }
    if (directories_.empty()) check.Skip("no cgroup can be made here");
  }
  ~ShimCgroup() {
    for (const std::string& directory : directories_) {
      std::error_code error;
      std::filesystem::remove(directory, error);
    }
  }
  ShimCgroup(const ShimCgroup&) = delete;
  ShimCgroup& operator=(const ShimCgroup&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;  // "/run-1/3/shim"
  std::vector<std::string> directories_;
};

std::string WithShimCgroup(const std::string& name) {
  containerd::runc::v1::Options options;
  options.set_shim_cgroup(name);
  return options.SerializeAsString();
}

void DaemonJoinsItsCgroup(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const ShimCgroup cgroup(check, bundle);
  const StartResult result =
      RequireStart(check, bundle, {.runc_options = WithShimCgroup(cgroup.name())});
  ShimUnderTest& shim = CheckConnects(check, bundle, result);
  check.EXPECT_THAT(
      check.World().ReadProc(shim.pid(), "cgroup"), ::testing::HasSubstr("/shim\n"),
      {.text = absl::StrCat("the daemon is in ", cgroup.name()), .code = why::kProcessState});
  check.ASSERT_THAT(shim.Shutdown(bundle.id), IsOk());
  check.EXPECT_THAT(shim.AwaitExit(kExitDeadline), Eq(true),
                    {.text = "the shim ends", .code = why::kLeftProcess});
}

void AnImpossibleCgroupFailsStart(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ExpectRefusal(check, bundle, {.runc_options = WithShimCgroup("/no/such/cgroup/of-the-judge")},
                "shim_cgroup does not exist");
}

bool CookieOf(pid_t pid, unsigned long long& cookie) {
  constexpr unsigned long kOneThread = 0;
  return ::prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, static_cast<unsigned long>(pid), kOneThread,
                 &cookie) == 0;
}

void CoreSchedulingGivesACookie(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const StartResult result = check.RunStart(bundle, {.env = {{"SCHED_CORE", "1"}}});
  unsigned long long cookie = 0;
  if (!CookieOf(0, cookie)) {
    if (!result.usable()) JudgeRefusal(check, bundle, result, "SCHED_CORE");
    check.Skip("this kernel has no core scheduling");
  }
  check.ASSERT_THAT(result.usable(), Eq(true),
                    {.text = "`start` gives an address", .code = why::kStartFailed});
  ShimUnderTest& shim = CheckConnects(check, bundle, result);
  check.ASSERT_THAT(CookieOf(shim.pid(), cookie), Eq(true), {.code = why::kHost});
  check.EXPECT_THAT(cookie, Ne(0ull),
                    {.text = "core-scheduling cookie of the daemon", .code = why::kProcessState});
}

}  // namespace

void AddBootstrapResultChecks(std::vector<Check>& checks) {
  const std::vector<Check> rows = {
      {.id = "bootstrap/result-leads-to-the-service",
       .requirements = {"START-19", "OUT-01", "OUT-02", "OUT-03", "OUT-05", "OUT-06", "OUT-07",
                        "SOCK-04", "VERS-05", "V24-01"},
       .run = ResultLeadsToTheService},
      {.id = "bootstrap/result-does-not-depend-on-the-daemon",
       .requirements = {"VERS-06", "ENV-03"},
       .level = Level::kShould,
       .run = ResultDoesNotDependOnTheDaemon},
      {.id = "bootstrap/any-log-level-will-do",
       .requirements = {"STDIN-04"},
       .run = AnyLogLevelWillDo},
      {.id = "bootstrap/any-containerd-version-will-do",
       .requirements = {"VERS-06"},
       .level = Level::kShould,
       .run = AnyContainerdVersionWillDo},
      {.id = "bootstrap/stdin-is-bounded",
       .requirements = {"STDIN-08"},
       .level = Level::kShould,
       .run = StdinIsBounded},
      {.id = "bootstrap/start-needs-no-rootfs",
       .requirements = {"V24-04", "V24-03"},
       .needs = ToNeeds(Need::kRootfsMounts),
       .run = StartNeedsNoRootfs},
      {.id = "bootstrap/debug-leaves-no-socket",
       .requirements = {"SOCK-03", "LEAK-03"},
       .run = DebugSocketIsRemoved},
      {.id = "bootstrap/mount-capabilities-are-readable",
       .requirements = {"V24-02"},
       .level = Level::kMay,
       .run = MountCapabilitiesAreReadable},
      {.id = "bootstrap/info-names-mount-types",
       .requirements = {"INFO-07"},
       .level = Level::kMay,
       .needs = ToNeeds(Need::kInfo),
       .run = InfoNamesMountTypes},
      {.id = "bootstrap/version-has-a-long-name",
       .requirements = {"VER-02"},
       .level = Level::kMay,
       .run = VersionHasALongName},
      {.id = "bootstrap/bad-command-lines-are-refused",
       .requirements = {"FLAG-09", "FLAG-06", "START-07"},
       .level = Level::kShould,
       .run = BadCommandLinesAreRefused},
      {.id = "bootstrap/no-event-address-is-survived",
       .requirements = {"ENV-07", "ENV-06"},
       .level = Level::kShould,
       .run = NoEventAddressIsSurvived},
      {.id = "bootstrap/daemon-joins-its-cgroup",
       .requirements = {"START-13"},
       .level = Level::kShould,
       .needs = Need::kOciEngine | Need::kNamespaces,
       .host = ToHostNeeds(HostNeed::kCgroups),
       .run = DaemonJoinsItsCgroup},
      {.id = "bootstrap/an-impossible-cgroup-fails-start",
       .requirements = {"START-14", "START-07"},
       .level = Level::kShould,
       .needs = Need::kOciEngine | Need::kNamespaces,
       .run = AnImpossibleCgroupFailsStart},
      {.id = "bootstrap/core-scheduling-gives-a-cookie",
       .requirements = {"START-15", "ENV-05"},
       .level = Level::kShould,
       .run = CoreSchedulingGivesACookie},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
