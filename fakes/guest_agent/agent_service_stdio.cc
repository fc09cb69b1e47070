// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <limits>
#include <memory>
#include <utility>

#include "fakes/guest_agent/agent_service.h"

namespace fakes {

void AgentService::WriteStdin(const grpc::WriteStreamRequest& request, const Call&,
                              Reply<grpc::WriteStreamResponse> reply) {
  const absl::StatusOr<GuestProcess*> process =
      guest_.FindProcess(request.container_id(), request.exec_id());
  if (!process.ok()) return std::move(reply)(process.status());
  GuestInput* input = (*process)->input();
  if (input == nullptr) return std::move(reply)(absl::InvalidArgumentError("cannot get writer"));
  if (request.data().empty()) {
    input->Close();
    return std::move(reply)(grpc::WriteStreamResponse());
  }
  const auto size = static_cast<std::uint32_t>(request.data().size());
  input->Write(request.data(),
               [size, reply = std::move(reply)](const absl::Status& written) mutable {
                 if (!written.ok()) return std::move(reply)(written);
                 grpc::WriteStreamResponse response;
                 response.set_len(size);
                 std::move(reply)(response);
               });
}

void AgentService::Read(const grpc::ReadStreamRequest& request, GuestProcess::Stream stream,
                        Reply<grpc::ReadStreamResponse> reply) {
  const absl::StatusOr<GuestProcess*> process =
      guest_.FindProcess(request.container_id(), request.exec_id());
  if (!process.ok()) return std::move(reply)(process.status());
  GuestOutput* output = (*process)->output(stream);
  // A terminal has one output; its stderr is at its end.
  if (output == nullptr) return std::move(reply)(grpc::ReadStreamResponse());
  // Shared by the read and by what ends it when the caller has gone.
  auto shared = std::make_shared<Reply<grpc::ReadStreamResponse>>(std::move(reply));
  const std::uint64_t read =
      output->Read(request.len(), [shared](absl::StatusOr<std::string> data) {
        if (!data.ok()) return std::move(*shared)(data.status());
        grpc::ReadStreamResponse response;
        response.set_data(*std::move(data));
        std::move (*shared)(response);
      });
  if (read == 0) return;
  OnAbandoned(*shared, [id = request.container_id(), exec_id = request.exec_id(), stream,
                        read](AgentService& self) {
    const absl::StatusOr<GuestProcess*> reading = self.guest_.FindProcess(id, exec_id);
    if (!reading.ok()) return;
    GuestOutput* const source = (*reading)->output(stream);
    if (source != nullptr) source->Cancel(read);
  });
}

void AgentService::ReadStdout(const grpc::ReadStreamRequest& request, const Call&,
                              Reply<grpc::ReadStreamResponse> reply) {
  Read(request, GuestProcess::Stream::kStdout, std::move(reply));
}

void AgentService::ReadStderr(const grpc::ReadStreamRequest& request, const Call&,
                              Reply<grpc::ReadStreamResponse> reply) {
  Read(request, GuestProcess::Stream::kStderr, std::move(reply));
}

void AgentService::CloseStdin(const grpc::CloseStdinRequest& request, const Call&,
                              Reply<Empty> reply) {
  const absl::StatusOr<GuestProcess*> process =
      guest_.FindProcess(request.container_id(), request.exec_id());
  if (!process.ok()) return std::move(reply)(process.status());
  if ((*process)->input() != nullptr) (*process)->input()->Close();
  AnswerEmpty(std::move(reply), absl::OkStatus());
}

void AgentService::TtyWinResize(const grpc::TtyWinResizeRequest& request, const Call&,
                                Reply<Empty> reply) {
  constexpr std::uint32_t kMax = std::numeric_limits<std::uint16_t>::max();
  const absl::StatusOr<GuestProcess*> process =
      guest_.FindProcess(request.container_id(), request.exec_id());
  if (!process.ok()) return std::move(reply)(process.status());
  if (request.row() > kMax || request.column() > kMax) {
    return std::move(reply)(absl::InvalidArgumentError(
        absl::StrCat(request.row(), " rows, ", request.column(), " columns: at most ", kMax)));
  }
  AnswerEmpty(std::move(reply), (*process)->Resize(static_cast<std::uint16_t>(request.row()),
                                                   static_cast<std::uint16_t>(request.column())));
}

}  // namespace fakes
