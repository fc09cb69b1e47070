// SPDX-License-Identifier: Apache-2.0
#include "containerd/topics.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>

#include "base/status_macros.h"
#include "containerd/identifiers.h"

namespace containerd {
namespace {

template <typename Predicate>
const Topic* Find(Predicate matches) {
  const auto* row = std::find_if(kTaskTopics.begin(), kTaskTopics.end(), matches);
  return row == kTaskTopics.end() ? nullptr : row;
}

}  // namespace

const Topic* FindTopicByName(absl::string_view name) {
  return Find([&](const Topic& topic) { return topic.name == name; });
}

const Topic* FindTopicByType(absl::string_view type_name) {
  return Find([&](const Topic& topic) { return topic.type_name == type_name; });
}

absl::Status ValidateTopic(absl::string_view topic) {
  const std::string quoted = absl::StrCat("topic \"", absl::CHexEscape(topic), "\"");
  if (topic.empty() || topic[0] != '/') {
    return absl::InvalidArgumentError(absl::StrCat(quoted, " does not begin with '/'"));
  }
  for (absl::string_view component : absl::StrSplit(topic.substr(1), '/')) {
    RETURN_IF_ERROR(base::Annotate(ValidateIdentifier(component), quoted));
  }
  return absl::OkStatus();
}

}  // namespace containerd
