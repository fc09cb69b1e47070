// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "google/protobuf/any.pb.h"
#include "runc/options.pb.h"

// What containerd and `shim start` say to each other through the latter's stdin and stdout, in
// every dialect from containerd 1.6 to 2.4 (VERS-01). Both sides of it: the shim reads a StartInput
// and writes a BootstrapResult; containerd, or who plays it, does the reverse.
namespace containerd {

inline constexpr absl::string_view kRuncOptionsType = "containerd.runc.v1.Options";

// --- stdin ------------------------------------------------------------------------------------

// What `start` found on its stdin. Whatever cannot be used is ignored, never an error (STDIN-06).
struct StartInput {
  enum class Form {
    kEmpty,          // daemons up to 2.2 without runtime options (STDIN-07)
    kLegacyOptions,  // an Any with runtime options (STDIN-01)
    kParams,         // BootstrapParams of this very shim (STDIN-02)
    kIgnored,        // not decodable, of an unknown type, or meant for another shim
  };

  Form form = Form::kEmpty;
  std::optional<runc::v1::Options> options;
  google::protobuf::Any raw_options;  // `options` as they came; empty type_url without options
  std::string socket_dir;             // empty: not given (STDIN-10)
  std::string ttrpc_address;          // empty: not given, see TTRPC_ADDRESS
  std::optional<base::LogLevel> log_level;  // kParams only
};

// The two payloads overlay each other, so BootstrapParams is believed only if it names this id and
// namespace (STDIN-05).
StartInput ParseStartInput(absl::string_view bytes, absl::string_view expected_id,
                           absl::string_view expected_namespace);

// The nearest level of ours; -4 (DEBUG) and below is debug (STDIN-04).
base::LogLevel LogLevelFromBootstrap(int level);

// The Any in which runc options travel: bare type name, no prefix (STDIN-03).
google::protobuf::Any RuncOptionsAny(const runc::v1::Options& options);

// What a daemon from 2.3 on knows when it starts a shim.
struct StartParams {
  std::string id;
  std::string name_space;
  int log_level = 0;  // LogLevel of bootstrap.proto, open enum
  std::string containerd_version;
  std::string ttrpc_address;
  std::string grpc_address;
  std::string binary;
  std::vector<google::protobuf::Any> extensions;  // runtime options are one of them
  std::optional<std::string> socket_dir;
};
std::string EncodeBootstrapParams(const StartParams& params);

// stdin of `start` as daemons up to 2.2 send it; nothing at all without options (STDIN-01).
std::string EncodeLegacyOptions(const std::optional<google::protobuf::Any>& options);

// --- stdout -----------------------------------------------------------------------------------

enum class Protocol { kTtrpc, kGrpc };

// How a result is written; the value is the first containerd release that understands it.
enum class Dialect {
  kText,      // 1.6: the bare address, meaning version 2 over ttrpc (OUT-01)
  kJson,      // 1.7 (OUT-02)
  kProtobuf,  // 2.3 (OUT-03)
};
absl::string_view DialectName(Dialect dialect);  // "text", "json", "protobuf"

struct BootstrapResult {
  int version = 2;  // of the Task service: 2 or 3 (OUT-05)
  std::string address;
  Protocol protocol = Protocol::kTtrpc;
  Dialect dialect = Dialect::kText;
  std::map<std::string, std::string> metadata;    // kJson, kProtobuf
  std::vector<google::protobuf::Any> extensions;  // kJson, kProtobuf (V24-01)
};

// What `start` writes, in `result.dialect`. kText carries the address alone: version and protocol
// must be 2 and ttrpc (INVALID_ARGUMENT otherwise), metadata and extensions are left out.
absl::StatusOr<std::string> EncodeStartResult(const BootstrapResult& result);

// What the newest containerd makes of the output of `start` (VERS-03): protobuf, byte-exact; else
// JSON of at least version 2, trimmed; else the trimmed text is the address. UNIMPLEMENTED for a
// version above 3; INVALID_ARGUMENT for a protobuf version below 2, a protocol other than ttrpc or
// grpc (any case, OUT-06) and an empty address.
absl::StatusOr<BootstrapResult> ParseStartResult(absl::string_view output);

}  // namespace containerd
