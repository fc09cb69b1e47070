// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <absl/time/time.h>
#include <google/protobuf/any.pb.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "conformance/call/call_command.h"
#include "conformance/call/json_codec.h"
#include "conformance/call/socket_argument.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/run_command.h"
#include "conformance/reports/output.h"
#include "fakes/containerd/event_sink.h"
#include "ttrpc/client.h"

namespace conformance {
namespace {

using Json = nlohmann::ordered_json;

// The sink replaces what is at its path, so that has to be a socket nobody serves any more.
absl::Status CheckFree(const std::string& path) {
  if (path[0] == '@') {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": events are received on sockets with a path"));
  }
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return absl::InvalidArgumentError(base::ErrnoStatus(errno, path).message());
  }
  if (!S_ISSOCK(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": exists and is no socket"));
  }
  if (ttrpc::ConnectUnix(path).ok()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": somebody is listening there already"));
  }
  return absl::OkStatus();
}

std::string EventLine(const fakes::ForwardedEvent& event) {
  google::protobuf::Any any;
  any.set_type_url(event.type_url);
  any.set_value(event.payload);
  const absl::StatusOr<std::string> payload =
      DecodeToJson(*google::protobuf::Any::descriptor(), any.SerializeAsString());
  Json line = {
      {"time", absl::FormatTime(absl::RFC3339_full, absl::FromUnixNanos(event.timestamp_ns),
                                absl::UTCTimeZone())},
      {"namespace", event.ns},
      {"topic", event.topic}};
  line["event"] = payload.ok() ? Json::parse(*payload, nullptr, false) : Json();
  if (!event.acceptance.ok()) line["refused"] = std::string(event.acceptance.message());
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

int EventsCommand(const EventsCommandOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  const absl::StatusOr<std::string> path = ParseSocketArgument(options.socket);
  if (!path.ok()) return Complain(path.status());
  if (const absl::Status status = CheckFree(*path); !status.ok()) return Complain(status);
  boost::asio::io_context loop(1);
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&loop](const boost::system::error_code&, int) { loop.stop(); });
  std::size_t received = 0;
  const absl::StatusOr<std::unique_ptr<Output>> output = Output::Open("-");
  if (!output.ok()) return Complain(output.status());
  fakes::EventSink sink(loop, *path, [&](const fakes::ForwardedEvent& event) {
    (*output)->Write(EventLine(event) + "\n");
    ++received;
    if ((*output)->closed() || received == options.count) {
      // Takes effect after the handler that runs now, which still sends the answer to this event.
      loop.stop();
    }
  });
  if (const absl::Status status = sink.Start(); !status.ok()) {
    return Complain(absl::InvalidArgumentError(status.message()));
  }
  std::cerr << "shimgauge: listening; TTRPC_ADDRESS=" << *path << std::endl;
  loop.run();
  sink.Stop();
  return ExitUnlessLost(**output, kExitAsExpected);
}

}  // namespace conformance
