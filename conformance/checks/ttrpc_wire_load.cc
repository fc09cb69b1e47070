// SPDX-License-Identifier: Apache-2.0
// Contract §3 under more than any client does: floods, peers that do not read, thousands of
// connections, connections that end in the middle of a frame.
#include <absl/strings/str_cat.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/ttrpc_wire.h"
#include "conformance/checks/wire_connection.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/shim_under_test_connection.h"

namespace conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Eq;
using ::testing::Gt;
using ::testing::Le;

// How much more memory a daemon may hold after an attack: far below what any of them asks for.
constexpr std::size_t kGrowthKibMax = 96 * 1024;
// Descriptors that caches and pools of a runtime may still hold.
constexpr std::size_t kFdSlack = 3;

std::size_t FdCount(CheckContext& check, ShimUnderTest& shim) {
  return check.World().Fds(shim.pid()).size();
}

// Connections are accepted in turn: once a new one is served the shim has seen what came before it,
// which it need not have when an older one is.
void AwaitItsTurn(CheckContext& check, ShimUnderTest& shim) {
  WireConnection wire(check, shim);
  check.ASSERT_THAT(wire.Send(ConnectFrame(shim, 1)), Eq(true),
                    {.text = "the connection takes the frame", .code = why::kConnectionLost});
  check.ASSERT_THAT(wire.Answer(1), IsOk(), {.text = "a new client is served"});
}

void ExpectFdsReturn(CheckContext& check, ShimUnderTest& shim, std::size_t before) {
  AwaitItsTurn(check, shim);
  std::size_t now = 0;
  check.Eventually([&] {
    now = FdCount(check, shim);
    return now <= before + kFdSlack;
  });
  check.EXPECT_THAT(now, Le(before + kFdSlack),
                    {.text = absl::StrCat("descriptors of the daemon, which had ", before),
                     .code = why::kLeftFd,
                     .requirement = "RES-05"});
}

void ExpectModestMemory(CheckContext& check, ShimUnderTest& shim, std::size_t before) {
  AwaitItsTurn(check, shim);
  check.EXPECT_THAT(ResidentKib(check, shim.pid()), Le(before + kGrowthKibMax),
                    {.text = absl::StrCat("resident KiB of the daemon, which had ", before),
                     .code = why::kProcessState});
}

void AFloodIsAnsweredOnceEach(CheckContext& check) {
  constexpr std::uint32_t kRequests = 2000;
  ShimUnderTest& shim = DisposableShim(check);
  WireConnection wire(check, shim);
  std::string bytes;
  for (std::uint32_t i = 0; i < kRequests; ++i) bytes += ConnectFrame(shim, 2 * i + 1);
  check.ASSERT_THAT(wire.Send(bytes), Eq(true),
                    {.text = "the connection takes the frame", .code = why::kConnectionLost});
  check.Eventually([&] { return wire.Count(1) > 0 && wire.received() >= kRequests; }, seconds(20));
  check.ASSERT_THAT(wire.received(), Eq(kRequests),
                    {.text = "answers", .code = why::kReplyMissing});
  for (std::uint32_t i = 0; i < kRequests; ++i) {
    if (wire.Count(2 * i + 1) == 1) continue;
    check.EXPECT_THAT(wire.Count(2 * i + 1), Eq(1u),
                      {.text = absl::StrCat("answers on stream ", 2 * i + 1)});
    break;
  }
  ExpectServes(check, shim, "a flood of requests");
}

// A client that only sends must cost the others nothing, nor memory without a bound.
void APeerThatDoesNotReadBlocksNobody(CheckContext& check) {
  constexpr std::size_t kBytes = 32u << 20;
  ShimUnderTest& shim = DisposableShim(check);
  const std::size_t before = ResidentKib(check, shim.pid());
  WireConnection wire(check, shim);
  std::string batch;
  std::uint32_t stream = 1;
  std::size_t sent = 0;
  std::size_t rest = 0;
  check.Eventually(
      [&] {
        while (sent < kBytes) {
          if (rest == 0) {
            batch.clear();
            for (int i = 0; i < 100; ++i, stream += 2) batch += ConnectFrame(shim, stream);
            rest = batch.size();
          }
          const std::size_t taken =
              wire.SendSome(absl::string_view(batch).substr(batch.size() - rest));
          if (taken == 0) return false;
          sent += taken;
          rest -= taken;
        }
        return true;
      },
      milliseconds(400));
  check.ASSERT_THAT(sent, Gt(0u), {.code = why::kHarness});
  ExpectServes(check, shim, "a client that does not read its answers");
  ExpectModestMemory(check, shim, before);
  wire.Close();
  ExpectServes(check, shim, "the end of that client");
}

void AnAnnouncedLengthCostsNothing(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  const std::size_t before = ResidentKib(check, shim.pid());
  std::vector<std::unique_ptr<WireConnection>> wires;
  for (const std::uint32_t length : {0xffffffffu, 0x80000000u, 0x7fffffffu, 64u << 20, 4u << 20}) {
    for (int i = 0; i < 16; ++i) {
      wires.push_back(std::make_unique<WireConnection>(check, shim));
      wires.back()->Send(FrameBytes(1, ttrpc::kFrameRequest, "begin", 0, length));
    }
  }
  ExpectServes(check, shim, "80 frames that announce up to 4 GiB");
  ExpectModestMemory(check, shim, before + 80 * 4 * 1024);
  wires.clear();
  ExpectServes(check, shim, "the end of those clients");
}

void RaiseOwnFdLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// More than a daemon with the usual limit of 1,024 descriptors can hold: whether it serves all or
// refuses some, those it had are served and it recovers.
void ManyConnectionsAreSurvived(CheckContext& check) {
  constexpr std::size_t kConnections = 2000;
  ShimUnderTest& shim = DisposableShim(check);
  RaiseOwnFdLimit();
  const std::size_t fds = FdCount(check, shim);
  std::vector<base::UniqueFd> sockets;
  std::size_t refused = 0;
  while (sockets.size() < kConnections && refused < 200) {
    absl::StatusOr<base::UniqueFd> socket = Dial(shim.address());
    if (socket.ok()) {
      sockets.push_back(*std::move(socket));
    } else {  // the backlog is full: let the daemon accept
      ++refused;
      check.Linger(milliseconds(5));
    }
  }
  check.EXPECT_THAT(sockets.size(), Gt(200u), {.text = "connections the daemon took"});
  ExpectServes(check, shim, absl::StrCat(sockets.size(), " further connections"));
  sockets.clear();
  ExpectFdsReturn(check, shim, fds);
  WireConnection wire(check, shim);
  check.ASSERT_THAT(wire.Send(ConnectFrame(shim, 1)), Eq(true),
                    {.text = "the connection takes the frame", .code = why::kConnectionLost});
  check.EXPECT_THAT(wire.Answer(1), IsOk(), {.text = "a new client after all others have gone"});
}

void VanishingPeersLeaveNothing(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  ShimUnderTest& shim = task.shim();
  const std::string service = TaskServiceOf(shim);
  const std::string payload = WaitRequest(task.id());
  const std::string wait =
      RequestFrame(1, {.service = service, .method = "Wait", .payload = payload});
  const std::size_t fds = FdCount(check, shim);
  for (int round = 0; round < 20; ++round) {
    for (const std::string& bytes :
         {std::string(), wait.substr(0, 4), wait.substr(0, 10), wait.substr(0, wait.size() - 1),
          wait, absl::StrCat(wait, ConnectFrame(shim, 3).substr(0, 12))}) {
      WireConnection wire(check, shim);
      wire.Send(bytes);
    }
  }
  ExpectFdsReturn(check, shim, fds);
  ExpectServes(check, shim, "120 clients that vanished in the middle of a frame or a call");
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the task does not notice", .code = why::kStateWrong});
}

void AHalfClosedConnectionEnds(CheckContext& check) {
  ShimUnderTest& shim = DisposableShim(check);
  const std::size_t fds = FdCount(check, shim);
  for (int i = 0; i < 10; ++i) {
    WireConnection wire(check, shim);
    wire.Send(ConnectFrame(shim, 1));
    wire.CloseWriting();
    wire.AwaitClose();
    check.EXPECT_THAT(wire.closed(), Eq(true),
                      {.text = "the shim closes when its client has nothing more to say",
                       .code = why::kSocketState});
  }
  ExpectFdsReturn(check, shim, fds);
  ExpectServes(check, shim, "half-closed connections");
}

void NoiseHarmsNobody(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  ShimUnderTest& shim = task.shim();
  const std::size_t before = ResidentKib(check, shim.pid());
  const std::size_t fds = FdCount(check, shim);
  std::mt19937_64 random(check.Seed());
  for (int i = 0; i < 24; ++i) {
    WireConnection wire(check, shim);
    std::string bytes;
    for (int frame = 0; frame < 40; ++frame) {
      std::string data(random() % 200, '\0');
      for (char& byte : data) byte = static_cast<char>(random());
      bytes +=
          FrameBytes(static_cast<std::uint32_t>(random()), static_cast<std::uint8_t>(random() % 5),
                     data, static_cast<std::uint8_t>(random()));
    }
    wire.Send(bytes);
    wire.CloseWriting();
  }
  ExpectServes(check, shim, "24 connections full of noise");
  ExpectFdsReturn(check, shim, fds);
  ExpectModestMemory(check, shim, before);
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the task does not notice", .code = why::kStateWrong});
}

void IdleConnectionsStayOpen(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  WireConnection never_used(check, task.shim());
  WireConnection used(check, task.shim());
  check.ASSERT_THAT(used.Send(ConnectFrame(task.shim(), 1)), Eq(true),
                    {.text = "the connection takes the frame", .code = why::kConnectionLost});
  check.ASSERT_THAT(used.Answer(1), IsOk());
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.ASSERT_THAT(task.Wait(), IsOk());
  check.Linger(milliseconds(150));
  for (WireConnection* wire : {&never_used, &used}) {
    check.ASSERT_THAT(wire->Send(ConnectFrame(task.shim(), 3)), Eq(true),
                      {.text = "an idle connection is still open", .code = why::kConnectionLost});
    check.EXPECT_THAT(wire->Answer(3), IsOk(), {.text = "an idle connection still serves"});
  }
}

}  // namespace

void AddTtrpcLoadChecks(std::vector<Check>& checks) {
  const std::vector<Check> rows = {
      {.id = "ttrpc-wire/a-flood-is-answered-once-each",
       .requirements = {"TT-08", "TT-12"},
       .run = AFloodIsAnsweredOnceEach},
      {.id = "ttrpc-wire/a-peer-that-does-not-read-blocks-nobody",
       .requirements = {"SOCK-13", "TT-08"},
       .run = APeerThatDoesNotReadBlocksNobody},
      {.id = "ttrpc-wire/an-announced-length-costs-nothing",
       .requirements = {"TT-04", "SOCK-13"},
       .run = AnAnnouncedLengthCostsNothing},
      {.id = "ttrpc-wire/many-connections-are-survived",
       .requirements = {"SOCK-13", "SOCK-15"},
       .run = ManyConnectionsAreSurvived},
      {.id = "ttrpc-wire/vanishing-peers-leave-nothing",
       .requirements = {"RES-05", "SOCK-14", "TT-24"},
       .level = Level::kShould,
       .run = VanishingPeersLeaveNothing},
      {.id = "ttrpc-wire/a-half-closed-connection-ends",
       .requirements = {"SOCK-14"},
       .level = Level::kShould,
       .run = AHalfClosedConnectionEnds},
      {.id = "ttrpc-wire/noise-harms-nobody",
       .requirements = {"SOCK-14", "TT-01"},
       .run = NoiseHarmsNobody},
      {.id = "ttrpc-wire/idle-connections-stay-open",
       .requirements = {"TT-25"},
       .run = IdleConnectionsStayOpen},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
