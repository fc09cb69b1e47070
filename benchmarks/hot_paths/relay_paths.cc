// SPDX-License-Identifier: Apache-2.0
// The output of a container on its way to whoever reads it.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <string>
#include <thread>
#include <utility>

#include "base/unique_fd.h"
#include "reference-shim/shim/stdio_relay.h"

namespace {

constexpr std::size_t kFifoBytes = 64UL * 1024 * 1024;
constexpr std::size_t kTerminalBytes = 4UL * 1024 * 1024;
constexpr std::size_t kPiece = 64UL * 1024;

struct Pipe {
  base::UniqueFd read;
  base::UniqueFd write;
};

Pipe MakePipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  return {.read = base::UniqueFd(ends[0]), .write = base::UniqueFd(ends[1])};
}

// Writes `bytes` and closes.
void Produce(base::UniqueFd to, std::size_t bytes) {
  const std::string piece(kPiece, 'x');
  while (bytes > 0) {
    const ssize_t count = ::write(to.get(), piece.data(), std::min(piece.size(), bytes));
    if (count < 0 && errno != EINTR) return;
    if (count > 0) bytes -= static_cast<std::size_t>(count);
  }
}

// How many bytes came until end of file.
std::size_t Consume(const base::UniqueFd& from) {
  std::string buffer(kPiece, '\0');
  std::size_t bytes = 0;
  for (;;) {
    const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
    if (count > 0) bytes += static_cast<std::size_t>(count);
    if (count == 0 || (count < 0 && errno != EINTR)) return bytes;
  }
}

// Both until the source ends; a terminal ends with EIO.
void SpliceAll(int from, int to) {
  for (;;) {
    const ssize_t count = ::splice(from, nullptr, to, nullptr, kPiece, SPLICE_F_MOVE);
    if (count == 0 || (count < 0 && errno != EINTR)) return;
  }
}

void CopyAll(int from, int to) {
  std::string buffer(kPiece, '\0');
  for (;;) {
    const ssize_t count = ::read(from, buffer.data(), buffer.size());
    if (count == 0 || (count < 0 && errno != EINTR)) return;
    for (ssize_t done = 0; done < count;) {
      const ssize_t written =
          ::write(to, buffer.data() + done, static_cast<std::size_t>(count - done));
      if (written < 0 && errno != EINTR) return;
      if (written > 0) done += written;
    }
  }
}

// Container and reader each in a thread of their own; `relay` gets the container's end and the
// reader's, or nothing is between them.
template <typename Relay>
void RunPipes(benchmark::State& state, Relay relay) {
  for (auto _ : state) {
    Pipe container = MakePipe();
    std::thread producer(&Produce, std::move(container.write), kFifoBytes);
    std::size_t seen = 0;
    relay(std::move(container.read), seen);
    producer.join();
    if (seen != kFifoBytes) return state.SkipWithError("bytes were lost");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kFifoBytes));
}

template <void (*Copy)(int, int)>
void RelayedPipe(benchmark::State& state) {
  RunPipes(state, [](base::UniqueFd from, std::size_t& seen) {
    Pipe client = MakePipe();
    std::thread consumer([&] { seen = Consume(client.read); });
    Copy(from.get(), client.write.get());
    client.write.reset();
    consumer.join();
  });
}

// What the shim does: the FIFO is the container's own stdout.
void HandedOver(benchmark::State& state) {
  RunPipes(state, [](base::UniqueFd from, std::size_t& seen) { seen = Consume(from); });
}
BENCHMARK(HandedOver)->Name("stdio of a FIFO/ours")->UseRealTime();
BENCHMARK(RelayedPipe<&SpliceAll>)->Name("stdio of a FIFO/splice loop")->UseRealTime();
BENCHMARK(RelayedPipe<&CopyAll>)->Name("stdio of a FIFO/read and write, as cat")->UseRealTime();

// `relay` gets the terminal's master and the client's pipe, and returns at the end of the terminal.
template <typename Relay>
void RunTerminal(benchmark::State& state, Relay relay) {
  for (auto _ : state) {
    int master = -1;
    int slave = -1;
    termios raw{};
    ::cfmakeraw(&raw);
    if (::openpty(&master, &slave, nullptr, &raw, nullptr) != 0) {
      return state.SkipWithError("no terminal");
    }
    Pipe client = MakePipe();
    std::thread producer(&Produce, base::UniqueFd(slave), kTerminalBytes);
    std::size_t seen = 0;
    std::thread consumer([&] { seen = Consume(client.read); });
    relay(base::UniqueFd(master), std::move(client.write));
    producer.join();
    consumer.join();
    if (seen != kTerminalBytes) return state.SkipWithError("bytes were lost");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kTerminalBytes));
}

void Terminal(benchmark::State& state) {
  RunTerminal(state, [](base::UniqueFd master, base::UniqueFd client) {
    for (const base::UniqueFd* fd : {&master, &client}) {
      ::fcntl(fd->get(), F_SETFL, ::fcntl(fd->get(), F_GETFL) | O_NONBLOCK);
    }
    boost::asio::io_context loop(1);
    shim::StdioRelay relay(loop, std::move(master), base::UniqueFd(), std::move(client),
                           [&loop] { loop.stop(); });
    loop.run();
  });
}
BENCHMARK(Terminal)->Name("stdio of a terminal/ours")->UseRealTime();

template <void (*Copy)(int, int)>
void CopiedTerminal(benchmark::State& state) {
  RunTerminal(state, [](base::UniqueFd master, base::UniqueFd client) {
    Copy(master.get(), client.get());
  });
}
BENCHMARK(CopiedTerminal<&SpliceAll>)->Name("stdio of a terminal/splice loop")->UseRealTime();
BENCHMARK(CopiedTerminal<&CopyAll>)
    ->Name("stdio of a terminal/read and write, as cat")
    ->UseRealTime();

}  // namespace
