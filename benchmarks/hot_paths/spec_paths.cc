// SPDX-License-Identifier: Apache-2.0
// A config.json as containerd writes it for a pod, and the bundle around it.
#include <absl/strings/str_cat.h>
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "oci/annotations.h"
#include "oci/bundle.h"
#include "oci/minimal_spec.h"
#include "oci/spec_parser.h"
#include "oci/spec_writer.h"

namespace {

// About 25 KB: environment, mounts, annotations and a seccomp profile.
oci::Spec PodSpec() {
  oci::Spec spec = oci::MinimalLinuxSpec({"/bin/server", "--listen", "0.0.0.0:8080"});
  for (int i = 0; i < 60; ++i) {
    spec.process.env.push_back(absl::StrCat("SERVICE_", i, "_PORT_8080_TCP=tcp://10.0.0.1:8080"));
    spec.annotations[absl::StrCat("example.com/annotation-", i)] = "some text of usual length";
  }
  for (int i = 0; i < 20; ++i) {
    spec.mounts.push_back({.destination = absl::StrCat("/var/volumes/volume-", i),
                           .type = "bind",
                           .source = absl::StrCat("/var/lib/kubelet/pods/0123/volumes/", i),
                           .options = {"rbind", "rprivate", "rw"}});
  }
  nlohmann::json names = nlohmann::json::array();
  for (int i = 0; i < 350; ++i) names.push_back(absl::StrCat("system_call_number_", i));
  spec.linux.seccomp_json =
      nlohmann::json{{"defaultAction", "SCMP_ACT_ERRNO"},
                     {"syscalls", {{{"names", names}, {"action", "SCMP_ACT_ALLOW"}}}}}
          .dump();
  return spec;
}

void Parse(benchmark::State& state) {
  const std::string text = oci::WriteSpec(PodSpec()).value();
  for (auto _ : state) {
    if (!oci::ParseSpec(text).ok()) return state.SkipWithError("no spec");
  }
}
BENCHMARK(Parse)->Name("config.json parse/ours");

void ParseTree(benchmark::State& state) {
  const std::string text = oci::WriteSpec(PodSpec()).value();
  for (auto _ : state) {
    nlohmann::json tree = nlohmann::json::parse(text);
    benchmark::DoNotOptimize(tree);
  }
}
BENCHMARK(ParseTree)->Name("config.json parse/nlohmann: a tree only");

void Read(benchmark::State& state) {
  const std::string text = oci::WriteSpec(PodSpec()).value();
  for (auto _ : state) {
    unsigned sum = 0;
    for (const char c : text) sum = sum * 31 + static_cast<unsigned char>(c);
    benchmark::DoNotOptimize(sum);
  }
}
BENCHMARK(Read)->Name("config.json parse/floor: one look at each byte");

void Annotations(benchmark::State& state) {
  const std::string text = oci::WriteSpec(PodSpec()).value();
  for (auto _ : state) {
    if (!oci::ParseAnnotations(text).ok()) return state.SkipWithError("no annotations");
  }
}
BENCHMARK(Annotations)->Name("config.json, annotations only/ours");
BENCHMARK(Read)->Name("config.json, annotations only/floor: one look at each byte");

// A directory on a tmpfs, as /run is.
class Place {
 public:
  Place() { ok_ = ::mkdtemp(path_) != nullptr; }
  ~Place() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::string Bundle() const { return absl::StrCat(path_, "/bundle"); }
  void Clear() const {
    std::error_code ignored;
    std::filesystem::remove_all(Bundle(), ignored);
  }

 private:
  char path_[32] = "/dev/shm/hot-paths-XXXXXX";
  bool ok_ = false;
};

void MakeBundle(benchmark::State& state) {
  const oci::Spec spec = PodSpec();
  const Place place;
  if (!place.ok()) return state.SkipWithError("no directory in /dev/shm");
  for (auto _ : state) {
    if (!oci::WriteBundle(place.Bundle(), spec, {.log_fifo = true}).ok()) {
      return state.SkipWithError("no bundle");
    }
    state.PauseTiming();
    place.Clear();
    state.ResumeTiming();
  }
}
BENCHMARK(MakeBundle)->Name("bundle creation/ours");

// The files alone, with a text that is already there.
void MakeBundleFloor(benchmark::State& state) {
  const std::string text = oci::WriteSpec(PodSpec()).value();
  const Place place;
  const std::string bundle = place.Bundle();
  for (auto _ : state) {
    const int fd =
        ::mkdir(bundle.c_str(), 0700) == 0 && ::mkdir((bundle + "/rootfs").c_str(), 0711) == 0 &&
                ::mkfifo((bundle + "/log").c_str(), 0700) == 0
            ? ::open((bundle + "/config.json").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)
            : -1;
    if (::write(fd, text.data(), text.size()) < 0) return state.SkipWithError("no bundle");
    ::close(fd);
    state.PauseTiming();
    place.Clear();
    state.ResumeTiming();
  }
}
BENCHMARK(MakeBundleFloor)->Name("bundle creation/floor: the files");

}  // namespace
