// SPDX-License-Identifier: Apache-2.0
#include "fakes/null_shims/null_answers.h"

#include <absl/status/status.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <random>
#include <utility>

#include "fakes/null_shims/null_recording.h"
#include "task/v3/task.pb.h"
#include "ttrpc/client.h"

namespace fakes {
namespace {

using Answer = absl::StatusOr<std::string> (*)(const ttrpc::RequestEnvelope& request);

constexpr absl::string_view kTaskV2 = "containerd.task.v2.Task";
constexpr std::size_t kNoiseBytes = 512;

bool SendAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Flush(ttrpc::OutputQueue& output, int fd) {
  while (!output.empty()) {
    std::array<iovec, 16> pieces{};
    const std::size_t count = output.Gather(absl::MakeSpan(pieces));
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    output.Consume(static_cast<std::size_t>(sent));
  }
  return true;
}

// Reads what has come and answers each request in it, to `out`.
bool AnswerTo(NullPeer& peer, Answer answer, int out) {
  const absl::Span<char> space = peer.session.Prepare();
  const ssize_t got = ::read(peer.socket.get(), space.data(), space.size());
  if (got <= 0) return false;
  peer.session.Commit(static_cast<std::size_t>(got));
  while (const auto call = peer.session.NextCall(std::chrono::steady_clock::now())) {
    peer.session.Respond(call->stream, answer(call->request));
  }
  return Flush(peer.session.output(), out);
}

bool AnswerWith(NullPeer& peer, Answer answer) { return AnswerTo(peer, answer, peer.socket.get()); }

absl::StatusOr<std::string> OkEmpty(const ttrpc::RequestEnvelope& /*request*/) {
  return std::string();
}

absl::StatusOr<std::string> Unimplemented(const ttrpc::RequestEnvelope& /*request*/) {
  return absl::UnimplementedError("not implemented");
}

absl::StatusOr<std::string> Internal(const ttrpc::RequestEnvelope& /*request*/) {
  return absl::InternalError("something went wrong");
}

absl::StatusOr<std::string> NotFound(const ttrpc::RequestEnvelope& /*request*/) {
  return absl::NotFoundError("not found");
}

absl::StatusOr<std::string> OwnPid(const ttrpc::RequestEnvelope& /*request*/) {
  containerd::task::v3::ConnectResponse response;
  response.set_shim_pid(static_cast<std::uint32_t>(::getpid()));
  return response.SerializeAsString();
}

absl::StatusOr<std::string> Recorded(const ttrpc::RequestEnvelope& request) {
  return RecordedPayload(request.method);
}

template <Answer kOtherwise>
absl::StatusOr<std::string> AfterConnect(const ttrpc::RequestEnvelope& request) {
  return request.method == "Connect" ? OwnPid(request) : kOtherwise(request);
}

}  // namespace

bool Hold(NullPeer& /*peer*/) { return true; }

bool CloseAtOnce(NullPeer& /*peer*/) { return false; }

bool WriteRandomBytes(NullPeer& peer) {
  // The same noise each time: what it makes of a judge can be seen again.
  std::minstd_rand noise(static_cast<unsigned>(peer.socket.get()));
  std::string bytes(kNoiseBytes, '\0');
  for (char& byte : bytes) byte = static_cast<char>(noise());
  char ignored[4096];
  const ssize_t got = ::recv(peer.socket.get(), ignored, sizeof ignored, MSG_DONTWAIT);
  return got != 0 && SendAll(peer.socket.get(), bytes);
}

bool EchoBytes(NullPeer& peer) {
  char bytes[4096];
  const ssize_t got = ::read(peer.socket.get(), bytes, sizeof bytes);
  return got > 0 &&
         SendAll(peer.socket.get(), absl::string_view(bytes, static_cast<std::size_t>(got)));
}

bool AnswerElsewhere(NullPeer& peer) {
  if (!peer.elsewhere.ok()) {
    const char* address = std::getenv("TTRPC_ADDRESS");
    auto sink = ttrpc::ConnectUnix(address == nullptr ? "" : address);
    if (!sink.ok()) return false;
    peer.elsewhere = *std::move(sink);
  }
  return AnswerTo(peer, &AfterConnect<&OkEmpty>, peer.elsewhere.get());
}

bool AnswerOkEmpty(NullPeer& peer) { return AnswerWith(peer, &OkEmpty); }

bool AnswerOkEmptyOnV2(NullPeer& peer) {
  return AnswerWith(peer, [](const ttrpc::RequestEnvelope& request) {
    return request.service == kTaskV2 ? OkEmpty(request) : Unimplemented(request);
  });
}

bool AnswerUnimplemented(NullPeer& peer) { return AnswerWith(peer, &Unimplemented); }
bool AnswerInternal(NullPeer& peer) { return AnswerWith(peer, &Internal); }
bool AnswerOwnPid(NullPeer& peer) { return AnswerWith(peer, &OwnPid); }
bool AnswerRecording(NullPeer& peer) { return AnswerWith(peer, &Recorded); }

bool ConnectThenOkEmpty(NullPeer& peer) { return AnswerWith(peer, &AfterConnect<&OkEmpty>); }
bool ConnectThenUnimplemented(NullPeer& peer) {
  return AnswerWith(peer, &AfterConnect<&Unimplemented>);
}
bool ConnectThenInternal(NullPeer& peer) { return AnswerWith(peer, &AfterConnect<&Internal>); }
bool ConnectThenNotFound(NullPeer& peer) { return AnswerWith(peer, &AfterConnect<&NotFound>); }
bool ConnectThenRecording(NullPeer& peer) { return AnswerWith(peer, &AfterConnect<&Recorded>); }

}  // namespace fakes
