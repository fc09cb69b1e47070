// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/stubs/logging.h>

#include <climits>

#include "bootstrap/v1/bootstrap.pb.h"
#include "containerd/bootstrap.h"

namespace containerd {
namespace {

namespace wire = runtime::bootstrap::v1;

template <typename Message>
bool Decode(absl::string_view bytes, Message& message) {
  return bytes.size() <= INT_MAX &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// containerd sends bare names; other clients put the prefix of protobuf's own libraries before.
bool IsRuncOptions(const google::protobuf::Any& any) {
  const absl::string_view url = any.type_url();
  const std::size_t slash = url.rfind('/');
  return (slash == absl::string_view::npos ? url : url.substr(slash + 1)) == kRuncOptionsType;
}

// Takes `any` as the runtime options. False if it is of another type or does not decode.
bool TakeOptions(const google::protobuf::Any& any, StartInput& input) {
  if (!IsRuncOptions(any)) return false;
  runc::v1::Options options;
  if (!options.ParseFromString(any.value())) return false;
  input.options = std::move(options);
  input.raw_options = any;
  return true;
}

StartInput FromParams(const wire::BootstrapParams& params) {
  StartInput input;
  input.form = StartInput::Form::kParams;
  input.socket_dir = params.socket_dir();
  input.ttrpc_address = params.containerd_ttrpc_address();
  input.log_level = LogLevelFromBootstrap(params.log_level());
  for (const wire::Extension& extension : params.extensions()) {
    if (TakeOptions(extension.value(), input)) break;
  }
  return input;
}

}  // namespace

StartInput ParseStartInput(absl::string_view bytes, absl::string_view expected_id,
                           absl::string_view expected_namespace) {
  // Whatever libprotobuf has to say about foreign bytes would end up in the result of `start`,
  // whose stderr is its stdout (START-03).
  const google::protobuf::LogSilencer silencer;
  StartInput input;
  if (bytes.empty()) return input;
  wire::BootstrapParams params;
  if (Decode(bytes, params) && params.instance_id() == expected_id &&
      params.namespace_() == expected_namespace) {
    return FromParams(params);
  }
  google::protobuf::Any any;
  input.form = Decode(bytes, any) && TakeOptions(any, input) ? StartInput::Form::kLegacyOptions
                                                             : StartInput::Form::kIgnored;
  return input;
}

base::LogLevel LogLevelFromBootstrap(int level) {
  // Half-way between two named levels counts as the less talkative one.
  if (level < (wire::LOG_LEVEL_DEBUG + wire::LOG_LEVEL_INFO) / 2) return base::LogLevel::kDebug;
  if (level < (wire::LOG_LEVEL_INFO + wire::LOG_LEVEL_WARN) / 2) return base::LogLevel::kInfo;
  if (level < (wire::LOG_LEVEL_WARN + wire::LOG_LEVEL_ERROR) / 2) return base::LogLevel::kWarning;
  return base::LogLevel::kError;
}

google::protobuf::Any RuncOptionsAny(const runc::v1::Options& options) {
  google::protobuf::Any any;
  any.set_type_url(std::string(kRuncOptionsType));
  any.set_value(options.SerializeAsString());
  return any;
}

std::string EncodeBootstrapParams(const StartParams& params) {
  wire::BootstrapParams message;
  message.set_instance_id(params.id);
  message.set_namespace_(params.name_space);
  message.set_log_level(static_cast<wire::LogLevel>(params.log_level));
  message.set_containerd_version(params.containerd_version);
  message.set_containerd_ttrpc_address(params.ttrpc_address);
  message.set_containerd_grpc_address(params.grpc_address);
  message.set_containerd_binary(params.binary);
  for (const google::protobuf::Any& extension : params.extensions) {
    *message.add_extensions()->mutable_value() = extension;
  }
  if (params.socket_dir) message.set_socket_dir(*params.socket_dir);
  return message.SerializeAsString();
}

std::string EncodeLegacyOptions(const std::optional<google::protobuf::Any>& options) {
  return options ? options->SerializeAsString() : "";
}

}  // namespace containerd
