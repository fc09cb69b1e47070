// SPDX-License-Identifier: Apache-2.0
// The options of `call`.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "conformance/call/call_command.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/commands.h"

namespace conformance {
namespace {

constexpr char kCallFooter[] = R"(
Speaks ttrpc to a running shim. METHOD is 'Task/State', 'State' or a full name; REQUEST is JSON with
the field names of the .proto files, '@FILE', or '-' for standard input. A google.protobuf.Any is
{"@type": "containerd.runc.v1.Options", ...}, {"@type": "Process", "value": {...}} for a document
that is JSON, or {"@type": URL, "base64": "..."}.

Examples:
  shimgauge call /run/containerd/s/4f1a... State '{"id": "web"}' --ns default
  shimgauge call @/containerd-shim/x.sock Task/Kill '{"id": "web", "signal": 15}'
  shimgauge call SOCKET Wait '{"id": "web"}' --timeout 5s
  shimgauge call SOCKET Create @create.json
  shimgauge call describe Task/Exec
  shimgauge call events /tmp/events.sock       then start a shim with TTRPC_ADDRESS=/tmp/events.sock

Exit codes: 0 the shim answered, 1 it answered an error, 2 usage, 3 nobody listens on SOCKET.)";

}  // namespace

CommandAction DefineCall(CLI::App& app, const CommandContext& /*context*/) {
  const auto options = std::make_shared<CallCommandOptions>();  // owned by the action's copies
  app.add_option("socket", options->socket, "a path, unix://PATH, or @NAME of an abstract socket")
      ->type_name("SOCKET");
  app.add_option("method", options->method, "the method to call")->type_name("METHOD");
  app.add_option("request", options->request, "JSON, @FILE or - (default: {})")
      ->type_name("REQUEST");
  app.add_option("--ns", options->ns, "containerd namespace, sent as metadata")->type_name("NAME");
  app.add_option("--timeout", options->timeout, "deadline of the call, sent with it: 2s, 500ms")
      ->type_name("DURATION");
  app.add_option("--metadata", options->metadata, "metadata to send; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option("--task-version", options->task_version,
                 "of the Task service: 2, 3, or auto (3, then 2)")
      ->type_name("VERSION")
      ->capture_default_str();
  CLI::App* const list = app.add_subcommand("list", "name every service, method and message");
  CLI::App* const describe = app.add_subcommand("describe", "show a method or a message");
  const auto name = std::make_shared<std::string>();  // as above
  describe->add_option("name", *name, "of the method or message")->type_name("NAME")->required();
  CLI::App* const events = app.add_subcommand(
      "events", "listen as containerd's event service, print events as JSON lines");
  const auto sink = std::make_shared<EventsCommandOptions>();  // as above
  events->add_option("socket", sink->socket, "where to listen")->type_name("SOCKET")->required();
  events->add_option("--count", sink->count, "end after N events")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  app.require_subcommand(0, 1);
  app.footer(kCallFooter);
  return [=] {
    if (list->parsed()) return CallListCommand();
    if (describe->parsed()) return CallDescribeCommand(*name);
    if (events->parsed()) return EventsCommand(*sink);
    if (options->socket.empty() || options->method.empty()) {
      std::cerr << "shimgauge: give SOCKET and METHOD, or one of list, describe and events (see "
                   "shimgauge call --help)"
                << std::endl;
      return static_cast<int>(kExitUsage);
    }
    return CallCommand(*options);
  };
}

}  // namespace conformance
