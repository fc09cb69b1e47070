// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace conformance {

// The options of `shimgauge call SOCKET METHOD [REQUEST]` as given.
struct CallCommandOptions {
  std::string socket;
  std::string method;
  std::string request = "{}";         // JSON, "@FILE" or "-" for standard input
  std::string ns;                     // containerd namespace, sent as metadata; empty: none
  std::string timeout;                // "2s", "500ms"; empty: none
  std::vector<std::string> metadata;  // KEY=VALUE
  std::string task_version = "auto";  // 2, 3 or auto
};

// Makes one call and prints the reply as JSON. Returns the exit code: 0 the shim answered, 1 it
// answered an error or went away (its code and message go to standard error), 2 usage, 3 nobody
// listens on the socket.
//
// With task_version "auto" a Task method is called in version 3 and, when the shim does not serve
// that, in version 2, as containerd does (VERS-04).
int CallCommand(const CallCommandOptions& options);

// `shimgauge call list` and `shimgauge call describe NAME`: what the tool can speak.
int CallListCommand();
int CallDescribeCommand(const std::string& name);

// The options of `shimgauge call events SOCKET`.
struct EventsCommandOptions {
  std::string socket;
  std::size_t count = 0;  // end after so many events; 0: until interrupted
};

// Listens on the socket as containerd's event service does (TTRPC_ADDRESS) and prints each event as
// a line of JSON, until SIGINT, SIGTERM, `count`, or until nobody reads the lines any more. A
// socket that somebody serves, and a file that is none, are left alone. Returns the exit code.
int EventsCommand(const EventsCommandOptions& options);

}  // namespace conformance
