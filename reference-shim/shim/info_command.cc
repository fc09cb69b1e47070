// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/info_command.h"

#include <absl/strings/str_cat.h>
#include <google/protobuf/stubs/logging.h>
#include <unistd.h>

#include <utility>

#include "base/child_reaper.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/subreaper.h"
#include "containerd/limits.h"
#include "reference-shim/shim/command_io.h"
#include "reference-shim/shim/deadline.h"
#include "reference-shim/shim/limits.h"
#include "reference-shim/shim/program_name.h"
#include "types/runtime_info.pb.h"

namespace shim {
namespace {

constexpr absl::string_view kVersion = SHIMGAUGE_VERSION;
// INFO-04: the value is JSON under this type.
constexpr absl::string_view kFeaturesType =
    "types.containerd.io/opencontainers/runtime-spec/1/features/Features";

absl::StatusOr<google::protobuf::Any> ReadOptions() {
  ASSIGN_OR_RETURN(const std::string bytes, ReadStdin(containerd::kStartInputBytesMax));
  const google::protobuf::LogSilencer silencer;
  google::protobuf::Any options;
  if (!options.ParseFromString(bytes)) {
    return absl::InvalidArgumentError("stdin holds no runtime options");
  }
  return options;
}

absl::StatusOr<std::string> AskFeatures(const google::protobuf::Any& options, base::Log& log,
                                        const BackendFactory& factory) {
  RETURN_IF_ERROR(base::BecomeSubreaper());
  boost::asio::io_context loop(1);
  ASSIGN_OR_RETURN(const std::unique_ptr<base::ChildReaper> reaper,
                   base::ChildReaper::Create(loop));
  const std::unique_ptr<Backend> backend =
      factory({.loop = loop, .reaper = *reaper, .log = log, .namespace_name = ""});
  absl::StatusOr<std::string> features = absl::DeadlineExceededError("the engine did not answer");
  Deadline limit(loop);
  limit.Set(kFeaturesTimeout, [&loop] { loop.stop(); });
  backend->Features({.type_url = options.type_url(), .value = options.value()},
                    [&](absl::StatusOr<std::string> answer) {
                      features = std::move(answer);
                      loop.stop();
                    });
  loop.run();
  return features;
}

absl::Status Info(const char* program, base::Log& log, const BackendFactory& factory) {
  ASSIGN_OR_RETURN(const google::protobuf::Any options, ReadOptions());
  const absl::StatusOr<std::string> features = AskFeatures(options, log, factory);
  // Without its engine this is no runtime; an engine that cannot name its features is one
  // (INFO-05).
  if (absl::IsNotFound(features.status()) || absl::IsInvalidArgument(features.status())) {
    return features.status();
  }
  containerd::types::RuntimeInfo info;
  info.set_name(RuntimeName(program));
  info.mutable_version()->set_version(std::string(kVersion));
  if (!options.type_url().empty()) *info.mutable_options() = options;
  if (features.ok() && !features->empty()) {
    info.mutable_features()->set_type_url(std::string(kFeaturesType));
    info.mutable_features()->set_value(*features);
  }
  return WriteStdout(info.SerializeAsString());
}

}  // namespace

int InfoCommand(const char* program, const BackendFactory& factory) {
  base::Log log(STDERR_FILENO);
  const absl::Status status = Info(program, log, factory);
  if (status.ok()) return 0;
  WriteStderr(absl::StrCat(program, ": ", status.message(), "\n"));
  return 1;
}

int VersionCommand(const char* program) {
  const absl::Status written =
      WriteStdout(absl::StrCat(ProgramName(program), ":\n  Runtime: ", RuntimeName(program),
                               "\n  Version: ", kVersion, "\n"));
  return written.ok() ? 0 : 1;
}

}  // namespace shim
