// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/fifo_set.h"

#include <absl/memory/memory.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "base/fifo.h"
#include "base/status_macros.h"
#include "fakes/containerd/limits.h"

namespace fakes {
namespace {

constexpr unsigned kFifoMode = 0700;

}  // namespace

absl::StatusOr<std::unique_ptr<FifoSet>> FifoSet::Create(boost::asio::io_context& loop,
                                                         const std::string& directory,
                                                         const std::string& name,
                                                         const FifoSetOptions& options) {
  auto set = absl::WrapUnique(new FifoSet(loop));
  const std::string stem = absl::StrCat(directory, "/", name);
  if (options.standard_input) {
    set->input_path_ = absl::StrCat(stem, "-stdin");
    RETURN_IF_ERROR(base::MakeFifo(set->input_path_, kFifoMode));
    RETURN_IF_ERROR(set->ReopenInput());
  }
  if (options.standard_output) set->output_.path = absl::StrCat(stem, "-stdout");
  if (options.standard_error) set->error_.path = absl::StrCat(stem, "-stderr");
  for (Output* stream : {&set->output_, &set->error_}) {
    if (stream->path.empty()) continue;
    RETURN_IF_ERROR(base::MakeFifo(stream->path, kFifoMode));
    if (options.readers) RETURN_IF_ERROR(set->OpenReader(*stream));
  }
  return set;
}

absl::Status FifoSet::OpenReader(Output& output) {
  ASSIGN_OR_RETURN(base::UniqueFd fd, base::OpenFifoReader(output.path, /*nonblocking=*/true));
  output.ended = false;
  output.reader = std::make_unique<PipeReader>(
      loop_, std::move(fd),
      [&output](absl::string_view bytes) {
        output.total += bytes.size();
        const std::size_t room = kCollectedBytesMax - output.bytes.size();
        output.bytes.append(bytes.data(), std::min(room, bytes.size()));
      },
      [&output] { output.ended = true; });
  return absl::OkStatus();
}

bool FifoSet::AllEnded() const {
  return (!output_.reader || output_.ended) && (!error_.reader || error_.ended);
}

void FifoSet::WriteInput(std::string bytes, PipeWriter::Done done) {
  if (!input_) return done(absl::FailedPreconditionError("the client's end of stdin is closed"));
  input_->Write(std::move(bytes), std::move(done));
}

absl::Status FifoSet::ReopenInput() {
  if (input_path_.empty()) return absl::FailedPreconditionError("the process has no stdin FIFO");
  // Both ends, so that bytes written before the shim has opened its side wait for it (UND-09).
  ASSIGN_OR_RETURN(base::UniqueFd fd, base::OpenFifoBothEnds(input_path_, /*nonblocking=*/true));
  input_ = std::make_unique<PipeWriter>(loop_, std::move(fd));
  return absl::OkStatus();
}

void FifoSet::CloseReaders() {
  output_.reader.reset();
  error_.reader.reset();
}

void FifoSet::PauseReading() {
  if (output_.reader) output_.reader->Pause();
  if (error_.reader) error_.reader->Pause();
}

absl::Status FifoSet::ReopenReaders() {
  for (Output* stream : {&output_, &error_}) {
    if (stream->path.empty()) continue;
    if (stream->reader && !stream->ended) {
      stream->reader->Resume();
    } else {
      RETURN_IF_ERROR(OpenReader(*stream));
    }
  }
  return absl::OkStatus();
}

}  // namespace fakes
