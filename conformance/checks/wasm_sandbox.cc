// SPDX-License-Identifier: Apache-2.0
// What a guest gets to see: files, descriptors, memory, clocks.
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <system_error>

#include "conformance/checks/bootstrap_support.h"
#include "conformance/checks/wasm.h"
#include "conformance/checks/wasm_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Eq;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Lt;
using ::testing::Not;

constexpr std::int64_t kMemoryLimit = 64 << 20;
constexpr std::int64_t kAddressSpace = std::int64_t{1} << 30;

// --- mounts --------------------------------------------------------------------------------------

// A directory of the host with one file.
std::string MakeSource(CheckContext& check, const std::string& name) {
  const std::string source = absl::StrCat(check.ScratchDirectory(), "/", name);
  std::error_code error;
  std::filesystem::create_directory(source, error);
  std::ofstream(source + "/file") << "original\n";
  return source;
}

nlohmann::json BindMount(const std::string& source, const char* destination, const char* access) {
  return {{"destination", destination},
          {"type", "bind"},
          {"source", source},
          {"options", {"rbind", access}}};
}

void ReadOnlyMountsAreEnforced(CheckContext& check) {
  const std::string fixed = MakeSource(check, "fixed");
  const std::string writable = MakeSource(check, "writable");
  const CreateOptions options = WithSpec([&](nlohmann::json& spec) {
    spec["mounts"].push_back(BindMount(fixed, "/fixed", "ro"));
    spec["mounts"].push_back(BindMount(writable, "/writable", "rw"));
  });
  RunModule(check, Program("write_file.wasm", "/fixed/file", "new"), 125, options);
  RunModule(check, Program("touch.wasm", "/fixed/other"), 125, options);
  check.EXPECT_THAT(ReadWholeFile(fixed + "/file"), Eq("original\n"),
                    {.text = "the file in the read-only mount", .code = why::kFileContent});
  check.EXPECT_THAT(std::filesystem::exists(fixed + "/other"), Eq(false),
                    {.text = "a new file in the read-only mount", .code = why::kFileContent});
  RunModule(check, Program("write_file.wasm", "/writable/file", "new"), 0, options);
  const Task reader =
      RunModule(check, Program("cat.wasm", "/fixed/file", "/writable/file"), 0, options);
  check.EXPECT_THAT(reader.stdio().output(), Eq("original\nnew"),
                    {.text = "files of both mounts", .code = why::kFileContent});
}

void ReadOnlyRootIsEnforced(CheckContext& check) {
  const auto write = [&check](bool readonly, std::uint32_t status) {
    const CreateOptions options =
        WithSpec([readonly](nlohmann::json& spec) { spec["root"]["readonly"] = readonly; });
    const Task task = RunModule(check, Program("write_file.wasm", "/new", "new"), status, options);
    check.EXPECT_THAT(ReadWholeFile(task.bundle().rootfs_source + "/new"),
                      Eq(readonly ? "" : "new"),
                      {.text = absl::StrCat("a new file in a root whose readonly is ", readonly),
                       .code = why::kFileContent});
  };
  write(true, 125);
  write(false, 0);
}

// --- escapes -------------------------------------------------------------------------------------

constexpr char kSecret[] = "the secret of the host";

// A way to reach `secret`, a file of the host; may put links into `root`, the guest's root.
using Way = std::vector<std::string> (*)(const std::string& root, const std::string& secret);

std::string Up(const std::string& path) {
  std::string up;
  for (const char c : path) up += c == '/' ? "../" : "";
  return absl::StrCat(up, absl::StripPrefix(path, "/"));
}

std::vector<std::string> ByParents(const std::string& /*root*/, const std::string& secret) {
  // From the bundle's rootfs, from where its files really are, and from anywhere.
  return {"../secret", "../../secret", "bin/../../secret", Up(secret), secret, "./" + Up(secret)};
}

std::vector<std::string> ByLinks(const std::string& root, const std::string& secret) {
  std::error_code error;
  std::filesystem::create_symlink(secret, root + "/absolute", error);
  std::filesystem::create_symlink("../secret", root + "/relative", error);
  std::filesystem::create_symlink(Up(secret), root + "/far", error);
  const std::string directory = std::filesystem::path(secret).parent_path();
  std::filesystem::create_directory_symlink(directory, root + "/directory", error);
  std::filesystem::create_symlink("absolute", root + "/link-of-link", error);
  return {"absolute", "relative", "far", "directory/secret", "link-of-link"};
}

std::vector<std::string> ByProc(const std::string& /*root*/, const std::string& secret) {
  std::vector<std::string> paths;
  for (const char* process : {"self", "1", "thread-self"}) {
    const std::string base = absl::StrCat("proc/", process);
    paths.push_back(absl::StrCat(base, "/root", secret));
    paths.push_back(absl::StrCat(base, "/cwd/", Up(secret)));
    for (int fd = 3; fd < 12; ++fd) {
      paths.push_back(absl::StrCat(base, "/fd/", fd, "/../secret"));
      paths.push_back(absl::StrCat(base, "/fd/", fd, secret));
    }
  }
  return paths;
}

void StaysInside(CheckContext& check, Way way) {
  const Bundle bundle = check.MakeBundle(Program("open_raw.wasm"));
  const std::string secret = bundle.path + "/secret";
  // Also beside the directory that Create binds onto the rootfs.
  const std::string beside =
      std::filesystem::path(bundle.rootfs_source).parent_path().string() + "/secret";
  for (const std::string& path : {secret, beside}) std::ofstream(path) << kSecret << "\n";
  std::ofstream(bundle.rootfs_source + "/inside") << "what is inside\n";
  const std::string config = bundle.path + "/config.json";
  auto spec = nlohmann::json::parse(ReadWholeFile(config), nullptr, /*allow_exceptions=*/false);
  spec["process"]["args"].push_back("inside");
  for (const std::string& path : way(bundle.rootfs_source, secret)) {
    spec["process"]["args"].push_back(path);
  }
  std::ofstream(config) << spec.dump();
  const Task task = RunModule(check, Program("open_raw.wasm"), 0, {.existing_bundle = bundle});
  check.EXPECT_THAT(task.stdio().output(), HasSubstr("inside read what is inside"),
                    {.text = "a file of its own root", .code = why::kFileContent});
  for (const std::string& line : OutputLines(task)) {
    check.EXPECT_THAT(line, Not(HasSubstr(kSecret)),
                      {.text = "a file of the host", .code = why::kFileContent});
  }
}

void MaskedPathsAreMasked(CheckContext& check) {
  const ProcessSpec process = Program("open_raw.wasm", "open", "masked", "masked-directory/file");
  BundleOptions options = WithSpec([](nlohmann::json& spec) {
                            spec["linux"]["maskedPaths"] = {"/masked", "/masked-directory"};
                          }).bundle;
  const Bundle bundle = check.MakeBundle(process, options);
  std::error_code error;
  std::filesystem::create_directory(bundle.rootfs_source + "/masked-directory", error);
  check.ASSERT_THAT(error.value(), Eq(0), {.code = why::kHarness});
  std::ofstream(bundle.rootfs_source + "/open") << "for everybody\n";
  for (const char* name : {"/masked", "/masked-directory/file"}) {
    std::ofstream(bundle.rootfs_source + name) << kSecret << "\n";
  }
  const Task reader = RunModule(check, process, 0, {.existing_bundle = bundle});
  check.EXPECT_THAT(reader.stdio().output(), HasSubstr("open read for everybody"),
                    {.text = "a file that is not masked", .code = why::kFileContent});
  check.EXPECT_THAT(reader.stdio().output(), Not(HasSubstr(kSecret)),
                    {.text = "a file that is masked", .code = why::kFileContent});
}

void ReadOnlyPathsAreEnforced(CheckContext& check) {
  const ProcessSpec process = Program("write_file.wasm", "/fixed/new", "new");
  const Bundle bundle = check.MakeBundle(process, WithSpec([](nlohmann::json& spec) {
                                                    spec["linux"]["readonlyPaths"] = {"/fixed"};
                                                  }).bundle);
  std::error_code error;
  std::filesystem::create_directory(bundle.rootfs_source + "/fixed", error);
  check.ASSERT_THAT(error.value(), Eq(0), {.code = why::kHarness});
  RunModule(check, process, 125, {.existing_bundle = bundle});
  check.EXPECT_THAT(std::filesystem::exists(bundle.rootfs_source + "/fixed/new"), Eq(false),
                    {.text = "a new file below a read-only path", .code = why::kFileContent});
}

void HasOnlyItsOwnDescriptors(CheckContext& check) {
  std::vector<std::string> extra;
  for (const std::string& line : OutputLines(RunModule(check, Program("print_fds.wasm")))) {
    const std::string number = line.substr(0, line.find(' '));
    if (number != "0" && number != "1" && number != "2") extra.push_back(line);
  }
  check.EXPECT_THAT(
      extra, IsEmpty(),
      {.text = "descriptors besides the streams and directories", .code = why::kLeftFd});
  std::set<std::string> granted = {"/", "."};
  const CreateOptions options = WithSpec([&granted](nlohmann::json& spec) {
    for (const auto& mount : spec["mounts"]) granted.insert(mount["destination"]);
  });
  for (const std::string& line :
       OutputLines(RunModule(check, Program("print_preopens.wasm"), 0, options))) {
    const std::string path = line.substr(line.find(' ') + 1);
    check.EXPECT_THAT(granted, Contains(path),
                      {.text = "a directory that the guest was given", .code = why::kLeftFd});
  }
}

// --- memory, clocks ------------------------------------------------------------------------------

void MemoryLimitHolds(CheckContext& check) {
  CreateOptions options;
  options.bundle.memory_limit_bytes = kMemoryLimit;
  const Task task = check.Run(Program("grow.wasm"), options);
  const ExitInfo end = check.Require(task.Wait());
  check.EXPECT_THAT(end.exit_status, AnyOf(Eq(0u), Eq(137u)),
                    {.text = "a guest that grows until that is refused (0) or ends it (137), with "
                             "64 MiB for all of it",
                     .code = why::kExitStatus});
  RunModule(check, Program("exit_code.wasm", "7"), 7, options);
}

void RunsInASmallAddressSpace(CheckContext& check) {
  const CreateOptions options = WithSpec([](nlohmann::json& spec) {
    spec["process"]["rlimits"] = {
        {{"type", "RLIMIT_AS"}, {"soft", kAddressSpace}, {"hard", kAddressSpace}}};
  });
  RunModule(check, Program("exit_code.wasm", "7"), 7, options);
}

void NeedsNothingInItsRoot(CheckContext& check) {
  const CreateOptions options = WithSpec([](nlohmann::json& spec) {
    nlohmann::json& mounts = spec["mounts"];
    for (std::size_t i = mounts.size(); i-- > 0;) {
      const std::string destination = mounts[i]["destination"];
      if (absl::StartsWith(destination, "/dev") || destination == "/proc") mounts.erase(i);
    }
  });
  const std::time_t before = std::time(nullptr);
  const Task task = check.TryCreate(Program("clock_and_random.wasm"), options);
  if (!task.create_status().ok()) {
    check.Skip(absl::StrCat("no container without a /dev of the spec: ",
                            std::string(task.create_status().message())));
  }
  check.Require(task.Start());
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(task.stdio().AwaitEof(), Eq(true), {.code = why::kOutputNoEof});
  const std::vector<std::string> lines = OutputLines(task);
  check.EXPECT_THAT(lines, Contains("monotonic yes"), {.code = why::kProcessState});
  check.EXPECT_THAT(lines, Contains("random yes"), {.code = why::kProcessState});
  check.ASSERT_THAT(lines, Not(IsEmpty()), {.code = why::kOutputLost});
  absl::string_view seconds = lines.front();
  std::int64_t realtime = 0;
  check.EXPECT_THAT(
      absl::ConsumePrefix(&seconds, "realtime ") && absl::SimpleAtoi(seconds, &realtime), Eq(true),
      {.text = "the wall clock", .code = why::kProcessState});
  check.EXPECT_THAT(
      realtime - before, ::testing::AllOf(Ge(0), Lt(60)),
      {.text = "seconds from the host's clock to the guest's", .code = why::kProcessState});
}

void SleepsAsLongAsAsked(CheckContext& check) {
  const Task task = RunModule(check, Program("sleep_for.wasm", "50"));
  std::string text = task.stdio().output();
  absl::string_view rest = text;
  std::int64_t slept = 0;
  check.EXPECT_THAT(absl::ConsumePrefix(&rest, "slept ") && absl::SimpleAtoi(rest, &slept),
                    Eq(true), {.text = text, .code = why::kOutputLost});
  check.EXPECT_THAT(slept, Ge(50), {.text = "milliseconds of 50", .code = why::kProcessState});
}

}  // namespace

void AddWasmSandboxChecks(std::vector<Check>& checks) {
  const Needs wasm = ToNeeds(Need::kWasm);
  const std::vector<Check> rows = {
      {.id = "wasm/read-only-mounts-are-enforced",
       .requirements = {"WASM-18"},
       .needs = wasm,
       .run = ReadOnlyMountsAreEnforced},
      {.id = "wasm/a-read-only-root-is-enforced",
       .requirements = {"WASM-18"},
       .needs = wasm,
       .run = ReadOnlyRootIsEnforced},
      {.id = "wasm/masked-paths-are-masked",
       .requirements = {"WASM-34"},
       .needs = wasm | Need::kNamespaces,
       .run = MaskedPathsAreMasked},
      {.id = "wasm/read-only-paths-are-enforced",
       .requirements = {"WASM-34"},
       .needs = wasm | Need::kNamespaces,
       .run = ReadOnlyPathsAreEnforced},
      {.id = "wasm/no-parent-directory-leads-out",
       .requirements = {"WASM-19"},
       .needs = wasm,
       .run = [](CheckContext& check) { StaysInside(check, ByParents); }},
      {.id = "wasm/no-link-leads-out",
       .requirements = {"WASM-19"},
       .needs = wasm,
       .run = [](CheckContext& check) { StaysInside(check, ByLinks); }},
      {.id = "wasm/proc-does-not-lead-out",
       .requirements = {"WASM-19"},
       .needs = wasm,
       .run = [](CheckContext& check) { StaysInside(check, ByProc); }},
      {.id = "wasm/a-guest-has-only-descriptors-of-its-own",
       .requirements = {"WASM-20"},
       .needs = wasm,
       .run = HasOnlyItsOwnDescriptors},
      {.id = "wasm/the-memory-limit-holds",
       .requirements = {"WASM-23"},
       .needs = wasm | Need::kNamespaces,
       .host = ToHostNeeds(HostNeed::kCgroups),
       .run = MemoryLimitHolds},
      {.id = "wasm/a-small-address-space-is-enough",
       .requirements = {"WASM-33"},
       .level = Level::kShould,
       .needs = wasm,
       .run = RunsInASmallAddressSpace},
      {.id = "wasm/clocks-and-random-numbers-need-no-files",
       .requirements = {"WASM-27"},
       .level = Level::kShould,
       .needs = wasm,
       .run = NeedsNothingInItsRoot},
      {.id = "wasm/sleeps-last-as-long-as-asked",
       .requirements = {"WASM-27"},
       .level = Level::kShould,
       .needs = wasm,
       .run = SleepsAsLongAsAsked},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
