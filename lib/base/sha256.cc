// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include <absl/strings/escaping.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace base {
namespace {

constexpr std::size_t kLengthBytes = 8;

using State = std::array<std::uint32_t, 8>;

// Fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2).
constexpr std::array<std::uint32_t, 64> kRoundConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

std::uint32_t LoadBigEndian(const char* bytes) {
  std::uint32_t word = 0;
  for (int i = 0; i < 4; ++i) word = word << 8 | static_cast<std::uint8_t>(bytes[i]);
  return word;
}

void Compress(State& state, const char* block) {
  std::array<std::uint32_t, 64> w;
  for (std::size_t i = 0; i < 16; ++i) w[i] = LoadBigEndian(block + 4 * i);
  for (std::size_t i = 16; i < 64; ++i) {
    const std::uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
    const std::uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const std::uint32_t choice = (e & f) ^ (~e & g);
    const std::uint32_t t1 = h + s1 + choice + kRoundConstants[i] + w[i];
    const std::uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const std::uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + s0 + majority;
  }
  const State round = {a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < state.size(); ++i) state[i] += round[i];
}

#if defined(__x86_64__)
// The instructions for it hash some fifteen times as fast. Asking for them takes longer than
// hashing a few blocks, where a hypervisor answers.
constexpr std::size_t kBlocksWorthAsking = 32;

// Not by __builtin_cpu_supports(): its constructor asks a dozen questions whenever a program
// starts.
bool HasInstructions() {
  static const bool kHas = [] {
    constexpr unsigned kSse41 = 1U << 19;
    constexpr unsigned kSha = 1U << 29;
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || (ebx & kSha) == 0) return false;
    __cpuid(1, eax, ebx, ecx, edx);
    return (ecx & kSse41) != 0;
  }();
  return kHas;
}

__attribute__((target("sha,sse4.1"))) void CompressByInstructions(State& state, const char* blocks,
                                                                  std::size_t count) {
  // They keep a, b, e, f in one register and c, d, g, h in the other, last words first.
  const __m128i abcd =
      _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data())), 0x1b);
  const __m128i efgh =
      _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data() + 4)), 0x1b);
  __m128i abef = _mm_unpackhi_epi64(efgh, abcd);
  __m128i cdgh = _mm_unpacklo_epi64(efgh, abcd);
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
  for (; count > 0; --count, blocks += 64) {
    const __m128i abef_before = abef;
    const __m128i cdgh_before = cdgh;
    __m128i w[16];  // four words each
    for (std::size_t i = 0; i < 16; ++i) {
      if (i < 4) {
        const auto* at = reinterpret_cast<const __m128i*>(blocks + 16 * i);
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128(at), big_endian);
      } else {
        const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[i - 4], w[i - 3]),
                                          _mm_alignr_epi8(w[i - 1], w[i - 2], 4));
        w[i] = _mm_sha256msg2_epu32(sum, w[i - 1]);
      }
      const auto* constants = reinterpret_cast<const __m128i*>(kRoundConstants.data() + 4 * i);
      const __m128i round = _mm_add_epi32(w[i], _mm_loadu_si128(constants));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, round);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(round, 0x0e));
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data()),
                   _mm_shuffle_epi32(_mm_unpackhi_epi64(cdgh, abef), 0x1b));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data() + 4),
                   _mm_shuffle_epi32(_mm_unpacklo_epi64(cdgh, abef), 0x1b));
}
#endif

void CompressBlocks(State& state, const char* blocks, std::size_t count) {
#if defined(__x86_64__)
  if (count >= kBlocksWorthAsking && HasInstructions()) {
    return CompressByInstructions(state, blocks, count);
  }
#endif
  for (; count > 0; --count, blocks += 64) Compress(state, blocks);
}

}  // namespace

void Sha256Stream::Add(absl::string_view data) {
  bytes_ += data.size();
  if (partial_bytes_ > 0) {
    const std::size_t taken = std::min(kBlockBytes - partial_bytes_, data.size());
    if (taken > 0) std::memcpy(partial_.data() + partial_bytes_, data.data(), taken);
    partial_bytes_ += taken;
    data.remove_prefix(taken);
    if (partial_bytes_ < kBlockBytes) return;
    Compress(state_, partial_.data());
    partial_bytes_ = 0;
  }
  const std::size_t blocks = data.size() / kBlockBytes;
  CompressBlocks(state_, data.data(), blocks);
  data.remove_prefix(blocks * kBlockBytes);
  if (!data.empty()) std::memcpy(partial_.data(), data.data(), data.size());
  partial_bytes_ = data.size();
}

std::array<std::uint8_t, 32> Sha256Stream::Finish() {
  // The rest, a one bit, zeros, and the length in bits: one block, or two if they do not fit.
  const std::uint64_t bits = bytes_ * 8;
  std::array<char, 2 * kBlockBytes> tail{};
  std::memcpy(tail.data(), partial_.data(), partial_bytes_);
  tail[partial_bytes_] = static_cast<char>(0x80);
  const std::size_t tail_bytes =
      partial_bytes_ + 1 + kLengthBytes <= kBlockBytes ? kBlockBytes : 2 * kBlockBytes;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    tail[tail_bytes - 1 - i] = static_cast<char>(bits >> (8 * i) & 0xff);
  }
  for (std::size_t at = 0; at < tail_bytes; at += kBlockBytes) Compress(state_, tail.data() + at);

  std::array<std::uint8_t, 32> digest;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)) & 0xff);
  }
  return digest;
}

std::string Sha256Stream::FinishHex() {
  const std::array<std::uint8_t, 32> digest = Finish();
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

std::array<std::uint8_t, 32> Sha256(absl::string_view data) {
  Sha256Stream stream;
  stream.Add(data);
  return stream.Finish();
}

std::string Sha256Hex(absl::string_view data) {
  Sha256Stream stream;
  stream.Add(data);
  return stream.FinishHex();
}

}  // namespace base
