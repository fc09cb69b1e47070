// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <string>
#include <vector>

#include "fakes/fault/fault_request.h"
#include "fakes/spec_edit/hook_wrapper.h"
#include "fakes/wire/rule_book.h"
#include "fakes/wire/shim_command.h"
#include "fakes/wire/start_command.h"

namespace fakes {
namespace {

int Complain(const absl::Status& status) {
  std::cerr << "shimgauge-wire: " << status.message() << '\n';
  return 1;
}

int Main(std::vector<std::string> args) {
  if (!args.empty() && args[0] == kHookWord) return RunHookWrapper(args);
  const absl::StatusOr<FaultRequest> request = TakeFaultRequest(KnownFaultSeam::kWire, args);
  if (!request.ok()) return Complain(request.status());
  if (request->subject.empty()) {
    return Complain(absl::InvalidArgumentError("--subject=PROGRAM is missing"));
  }
  absl::StatusOr<RuleBook> book = RuleBook::Make(*request);
  if (!book.ok()) return Complain(book.status());
  if (!args.empty() && args[0] == kRelayWord) return RelayCommand(*std::move(book), args);

  const ShimCommand command = ReadShimCommand(args);
  if (command.side == WireSide::kStart) {
    const absl::StatusOr<int> code = StartCommand(*request, *book, command, args);
    return code.ok() ? *code : Complain(code.status());
  }
  const absl::StatusOr<int> code = OtherCommand(*request, *book, command, args);
  return code.ok() ? *code : Complain(code.status());
}

}  // namespace
}  // namespace fakes

int main(int argc, char** argv) { return fakes::Main({argv + 1, argv + argc}); }
