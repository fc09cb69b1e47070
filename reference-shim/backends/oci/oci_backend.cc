// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/oci_backend.h"

#include <utility>

#include "reference-shim/backends/oci/container_creation.h"
#include "reference-shim/backends/oci/engine_runs.h"
#include "reference-shim/backends/oci/limits.h"
#include "reference-shim/backends/oci/oci_host.h"
#include "reference-shim/backends/oci/reclaim.h"
#include "reference-shim/backends/operations.h"

namespace backends {
namespace {

class OciBackend : public shim::Backend {
 public:
  explicit OciBackend(const shim::BackendContext& context) : host_(context) {}

  [[nodiscard]] shim::Capabilities capabilities() const override {
    return {.exec = true,
            .terminal = true,
            .pause = true,
            .update = true,
            .checkpoint = true,
            .stats = true};
  }

  void Create(shim::CreateSpec spec, shim::Done<std::unique_ptr<shim::Workload>> done) override {
    creations_.Run(host_, std::move(spec), std::move(done));
  }

  void Reclaim(shim::ReclaimSpec spec, shim::Done<> done) override {
    reclaims_.Run(host_, std::move(spec), std::move(done));
  }

  void Features(shim::Opaque options, shim::Done<std::string> done) override;

 private:
  OciHost host_;
  Operations<ContainerCreation> creations_;
  Operations<backends::Reclaim> reclaims_;
  EngineRuns runs_;
};

void OciBackend::Features(shim::Opaque options, shim::Done<std::string> done) {
  const absl::StatusOr<EngineOptions> parsed = ParseEngineOptions(options);
  if (!parsed.ok()) return done(parsed.status());
  EngineSettings settings;
  if (!parsed->binary.empty()) settings.binary = parsed->binary;
  const Engine engine(host_, std::move(settings));
  runs_.Start(engine, {.verb = "features"}, {}, kFeaturesTimeout,
              [done = std::move(done)](absl::StatusOr<std::string> result) mutable {
                // An engine without the sub-command has no features to tell (INFO-05).
                if (!result.ok() && !absl::IsNotFound(result.status())) return done(std::string());
                done(std::move(result));
              });
}

}  // namespace

std::unique_ptr<shim::Backend> MakeOciBackend(const shim::BackendContext& context) {
  return std::make_unique<OciBackend>(context);
}

}  // namespace backends
