// SPDX-License-Identifier: Apache-2.0
// `shimgauge profile`: a ready-made profile and the configuration that points its shim at our
// hypervisor, as files.
#include "conformance/harness/profile_command.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/strip.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/commands.h"
#include "conformance/harness/run_command.h"
#include "conformance/reports/output.h"

namespace conformance {
namespace {

namespace fs = std::filesystem;

absl::Status Refuse(const char* option, const std::string& path, const char* message) {
  return absl::InvalidArgumentError(absl::StrCat(option, " ", path, ": ", message));
}

// Makes `path` absolute. A shim looks at these files itself, and says less about what is wrong.
absl::Status UseFile(const char* option, int access, std::string& path) {
  if (path.empty()) return absl::OkStatus();
  std::error_code error;
  path = fs::absolute(path, error).lexically_normal().string();
  struct stat info {};
  if (error || ::stat(path.c_str(), &info) != 0) return Refuse(option, path, "no such file");
  if (!S_ISREG(info.st_mode) || ::access(path.c_str(), access) != 0) {
    return Refuse(option, path,
                  access == X_OK ? "no program that can be executed" : "no file that can be read");
  }
  if (info.st_size == 0) return Refuse(option, path, "is empty");
  return absl::OkStatus();
}

struct NamedFile {
  std::string path;
  std::string text;
};

// All of them or none: what was put in place is taken away when a later one fails.
absl::Status WriteAll(const std::vector<NamedFile>& files) {
  std::vector<std::unique_ptr<Output>> outputs;
  for (const NamedFile& file : files) {
    ASSIGN_OR_RETURN(std::unique_ptr<Output> output, Output::Open(file.path, Output::Mode::kWhole));
    output->Write(file.text);
    outputs.push_back(std::move(output));
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    outputs[i]->Finish();
    if (outputs[i]->status().ok()) continue;
    for (std::size_t done = 0; done < i; ++done) ::unlink(files[done].path.c_str());
    return outputs[i]->status();
  }
  return absl::OkStatus();
}

absl::Status CheckFree(const std::vector<NamedFile>& files) {
  for (const NamedFile& file : files) {
    if (::access(file.path.c_str(), F_OK) == 0 || errno != ENOENT) {
      return absl::InvalidArgumentError(
          absl::StrCat(file.path, " exists already; give --force to replace it"));
    }
  }
  return absl::OkStatus();
}

int ProfileCommand(const ProfileCommandOptions& options) {
  if (options.name.empty()) {
    const std::vector<std::string> names = ReadyMadeNamesOf(ReadyMade::kProfile);
    return Print(absl::StrCat(absl::StrJoin(names, "\n"), "\n"), kExitAsExpected);
  }
  const absl::StatusOr<std::string> told = WriteProfile(options);
  return told.ok() ? Print(*told, kExitAsExpected) : Complain(told.status());
}

constexpr char kProfileFooter[] = R"(
Without a name: lists the profiles there are. With one: writes DIR/NAME.toml for `run --profile`, and,
if the shim drives a hypervisor, DIR/configuration-NAME.toml for the shim. Unless paths are given,
the hypervisor is the stand-in beside this program, and its kernel and image are never looked at.

Examples:
  shimgauge profile kata-go-clh -o /etc/shimgauge
  shimgauge profile kata-go-clh --hypervisor /opt/kata/bin/cloud-hypervisor \
    --kernel /opt/kata/share/kata-containers/vmlinux.container \
    --image /opt/kata/share/kata-containers/kata-containers.img

Exit codes: 0 written or listed, 2 usage, 3 no hypervisor here.)";

}  // namespace

absl::StatusOr<std::string> WriteProfile(ProfileCommandOptions options) {
  RETURN_IF_ERROR(UseFile("--shim", X_OK, options.paths.shim));
  RETURN_IF_ERROR(UseFile("--hypervisor", X_OK, options.paths.hypervisor));
  RETURN_IF_ERROR(UseFile("--kernel", R_OK, options.paths.kernel));
  RETURN_IF_ERROR(UseFile("--image", R_OK, options.paths.image));
  ASSIGN_OR_RETURN(const NamedText ready, ReadNamed(ReadyMade::kProfile, options.name));
  ASSIGN_OR_RETURN(ProfileFiles made, MakeProfileFiles(ready, options.paths));

  std::error_code error;
  const fs::path directory = fs::canonical(options.directory, error);
  if (error || !fs::is_directory(directory, error)) {
    return Refuse("-o", options.directory, "no such directory");
  }
  const std::string stem(absl::StripSuffix(fs::path(options.name).filename().string(), ".toml"));
  const std::string& shim = options.paths.shim;
  std::vector<NamedFile> files = {
      {(directory / absl::StrCat(stem, ".toml")).string(), std::move(made.profile)}};
  std::string told =
      absl::StrCat(files[0].path, "\n  shimgauge run ", shim.empty() ? "--shim SHIM " : "",
                   "--profile ", files[0].path, "\n");
  if (!made.configuration.empty()) {
    files.push_back({(directory / absl::StrCat("configuration-", stem, ".toml")).string(),
                     std::move(made.configuration)});
    absl::StrAppend(&told, files[1].path, "\n  ctr run --runtime ", shim.empty() ? "SHIM" : shim,
                    " --runtime-config-path ", files[1].path, " IMAGE ID\n");
  }
  if (!options.force) RETURN_IF_ERROR(CheckFree(files));
  RETURN_IF_ERROR(WriteAll(files));
  return told;
}

CommandAction DefineProfile(CLI::App& app, const CommandContext& /*context*/) {
  const auto options = std::make_shared<ProfileCommandOptions>();  // owned by the action's copies
  app.add_option("name", options->name, "of a ready-made profile, or the path of one")
      ->type_name("NAME");
  app.add_option("-o,--output", options->directory, "where to write")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--shim", options->paths.shim, "the shim the profile is for")->type_name("FILE");
  app.add_option("--hypervisor", options->paths.hypervisor, "the program that the shim drives")
      ->type_name("FILE");
  app.add_option("--kernel", options->paths.kernel, "of the guest")->type_name("FILE");
  app.add_option("--image", options->paths.image, "of the guest")->type_name("FILE");
  app.add_flag("--force", options->force, "replace files that are there");
  app.footer(kProfileFooter);
  return [options] { return ProfileCommand(*options); };
}

}  // namespace conformance
