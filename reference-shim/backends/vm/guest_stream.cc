// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/guest_stream.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "reference-shim/backends/vm/limits.h"

namespace backends {

using Descriptor = boost::asio::posix::stream_descriptor;

StdioDescriptor::StdioDescriptor(boost::asio::io_context& loop, base::UniqueFd fd)
    : waiter_(loop), fd_(std::move(fd)) {
  const int flags = ::fcntl(fd_.get(), F_GETFL);
  if (flags >= 0) ::fcntl(fd_.get(), F_SETFL, flags | O_NONBLOCK);
}

StdioDescriptor::~StdioDescriptor() {
  if (waiter_.is_open()) waiter_.release();
}

void StdioDescriptor::AwaitReadable(std::function<void()> ready) {
  Await(Descriptor::wait_read, std::move(ready));
}

void StdioDescriptor::AwaitWritable(std::function<void()> ready) {
  Await(Descriptor::wait_write, std::move(ready));
}

void StdioDescriptor::Await(Wait what, std::function<void()> ready) {
  boost::system::error_code error;
  if (!waiter_.is_open()) waiter_.assign(fd_.get(), error);
  if (error) return;  // nothing that could ever be waited for
  waiter_.async_wait(
      what, guard_.Wrap([ready = std::move(ready)](const boost::system::error_code& failed) {
        if (!failed) ready();
      }));
}

// --- outputs --------------------------------------------------------------------------------

GuestOutputCopy::GuestOutputCopy(boost::asio::io_context& loop, Agent& agent,
                                 GuestProcessKey process, GuestOutput output, base::UniqueFd sink,
                                 std::function<void()> changed)
    : agent_(agent),
      process_(std::move(process)),
      output_(output),
      sink_(std::make_unique<StdioDescriptor>(loop, std::move(sink))),
      changed_(std::move(changed)) {}

void GuestOutputCopy::Read() {
  if (ended_ || reading_) return;
  if (data_.size() - written_ > (hurried_ ? kUnwrittenBytesMax : 0)) return;
  reading_ = true;
  agent_.Read(process_, output_, kStreamBytes,
              read_guard_.Wrap([this](absl::StatusOr<std::string> data) {
                reading_ = false;
                OnRead(std::move(data));
              }));
}

void GuestOutputCopy::OnRead(absl::StatusOr<std::string> data) {
  if (!data.ok() || data->empty()) {
    ended_ = true;
  } else if (data_.empty()) {
    data_ = *std::move(data);
  } else {
    data_.append(*data);
  }
  if (!writing_) Write();
  Read();
  const std::function<void()> changed = changed_;
  changed();  // may destroy this
}

void GuestOutputCopy::Write() {
  writing_ = false;
  while (written_ < data_.size()) {
    const ssize_t size = ::write(sink_->get(), data_.data() + written_, data_.size() - written_);
    if (size >= 0) {
      written_ += static_cast<std::size_t>(size);
    } else if (errno == EAGAIN) {
      writing_ = true;
      return sink_->AwaitWritable(write_guard_.Wrap([this] {
        Write();
        Read();
        if (!written()) return;
        const std::function<void()> changed = changed_;
        changed();  // may destroy this
      }));
    } else if (errno != EINTR) {
      break;
    }
  }
  std::string().swap(data_);
  written_ = 0;
  if (ended_) sink_.reset();
}

void GuestOutputCopy::Hurry() {
  hurried_ = true;
  Read();
}

void GuestOutputCopy::StopReading() {
  read_guard_.Reset();
  reading_ = false;
  ended_ = true;
  if (!writing_) Write();
}

// --- input ----------------------------------------------------------------------------------

GuestInputCopy::GuestInputCopy(boost::asio::io_context& loop, Agent& agent, GuestProcessKey process,
                               base::UniqueFd source)
    : agent_(agent), process_(std::move(process)) {
  if (source.ok()) source_ = std::make_unique<StdioDescriptor>(loop, std::move(source));
}

void GuestInputCopy::Run() {
  if (source_ != nullptr) Read();
}

void GuestInputCopy::Read() {
  data_.resize(kStreamBytes);
  ssize_t size = 0;
  do {
    size = ::read(source_->get(), data_.data(), data_.size());
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN) {
    std::string().swap(data_);
    return source_->AwaitReadable([this] { Read(); });
  }
  if (size <= 0) {
    std::string().swap(data_);
    Stop();
    return agent_.CloseStdin(process_, [](const absl::Status&) {});
  }
  data_.resize(static_cast<std::size_t>(size));
  Write();
}

// A guest may take less than it is given. What it does not take at all has no reader any more; the
// descriptor is closed then, as that of a process with a closed stdin would be.
void GuestInputCopy::Write() {
  agent_.Write(process_, data_, guard_.Wrap([this](const absl::StatusOr<std::size_t>& taken) {
    if (!taken.ok() || *taken == 0) return Stop();
    data_.erase(0, std::min(*taken, data_.size()));
    data_.empty() ? Read() : Write();
  }));
}

}  // namespace backends
