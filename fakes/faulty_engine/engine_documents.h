// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>

#include "fakes/faulty_engine/engine_words.h"

namespace fakes {

// The JSON text that a verb is given: config.json of create's bundle, the process of exec, the
// resources of update. Put() makes the engine behind read another text: for create the bundle's own
// file is replaced until destruction, since the engine remembers which bundle it was; the others
// are read from a copy, which goes on destruction.
class EngineDocument {
 public:
  // NOT_FOUND for a verb or a command line that has none.
  static absl::StatusOr<EngineDocument> Of(const EngineWords& words);
  EngineDocument(EngineDocument&& other) noexcept;
  EngineDocument& operator=(EngineDocument&&) = delete;
  ~EngineDocument();

  [[nodiscard]] const std::string& text() const { return text_; }
  // At most once. Changes `words` where they have to name another file.
  absl::Status Put(const std::string& text, EngineWords& words);

 private:
  EngineDocument() = default;
  absl::Status PutConfig(const std::string& text);

  std::string path_;
  std::string option_;  // of the command line that names the file
  std::string text_;
  std::string healthy_;  // where the bundle's own file waits
  std::string copy_;     // to be removed
};

}  // namespace fakes
