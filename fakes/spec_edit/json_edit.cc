// SPDX-License-Identifier: Apache-2.0
#include "fakes/spec_edit/json_edit.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/status_macros.h"

namespace fakes {
namespace {

using Json = nlohmann::ordered_json;
using Kind = JsonEdit::Kind;
using Place = std::vector<std::string>;

constexpr char kAny[] = "*";

struct EditWord {
  absl::string_view word;
  Kind kind;
  int places;
  bool value;
};
constexpr EditWord kWords[] = {
    {"drop", Kind::kDrop, 1, false},     {"set", Kind::kSet, 1, true},
    {"append", Kind::kAppend, 1, true},  {"reverse", Kind::kReverse, 1, false},
    {"double", Kind::kDouble, 1, false}, {"remove-last", Kind::kRemoveLast, 1, false},
    {"move", Kind::kMove, 2, false},
};

const EditWord* FindWord(absl::string_view word) {
  const auto* found = std::find_if(std::begin(kWords), std::end(kWords),
                                   [word](const EditWord& row) { return row.word == word; });
  return found == std::end(kWords) ? nullptr : found;
}

// The next word of `text`, which is what is left then.
absl::string_view TakeWord(absl::string_view& text) {
  text = absl::StripLeadingAsciiWhitespace(text);
  const absl::string_view word = text.substr(0, text.find(' '));
  text = absl::StripAsciiWhitespace(text.substr(word.size()));
  return word;
}

absl::StatusOr<Place> ParsePlace(absl::string_view text) {
  if (!absl::StartsWith(text, "/")) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "': expected a JSON pointer, which begins with /"));
  }
  Place place;
  if (text == "/") return place;
  for (const absl::string_view step : absl::StrSplit(text.substr(1), '/')) {
    place.push_back(absl::StrReplaceAll(step, {{"~1", "/"}, {"~0", "~"}}));
  }
  return place;
}

bool IndexOf(const Json& list, const std::string& step, std::size_t& index) {
  return absl::SimpleAtoi(step, &index) && index < list.size();
}

Json* Child(Json& parent, const std::string& step) {
  std::size_t index = 0;
  if (parent.is_array() && IndexOf(parent, step, index)) return &parent[index];
  if (parent.is_object() && parent.contains(step)) return &parent[step];
  return nullptr;
}

// Every parent of what `place` stands for; the last step may be missing in it.
void FindParents(Json& at, const Place& place, std::size_t step, std::vector<Json*>& found) {
  if (step + 1 >= place.size()) {
    found.push_back(&at);
  } else if (place[step] != kAny) {
    if (Json* child = Child(at, place[step])) FindParents(*child, place, step + 1, found);
  } else if (at.is_structured()) {
    for (Json& child : at) FindParents(child, place, step + 1, found);
  }
}

std::vector<Json*> FindAll(Json& root, const Place& place) {
  std::vector<Json*> found;
  if (place.empty()) return {&root};
  std::vector<Json*> parents;
  FindParents(root, place, 0, parents);
  for (Json* parent : parents) {
    if (place.back() == kAny) {
      if (!parent->is_structured()) continue;
      for (Json& child : *parent) found.push_back(&child);
    } else if (Json* child = Child(*parent, place.back())) {
      found.push_back(child);
    }
  }
  return found;
}

void DropFrom(Json& parent, const std::string& step) {
  std::size_t index = 0;
  if (step == kAny) {
    if (parent.is_structured()) parent.clear();
  } else if (parent.is_object()) {
    parent.erase(step);
  } else if (parent.is_array() && IndexOf(parent, step, index)) {
    parent.erase(index);
  }
}

void Drop(Json& root, const Place& place) {
  if (place.empty()) {
    root = nullptr;
    return;
  }
  std::vector<Json*> parents;
  FindParents(root, place, 0, parents);
  for (Json* parent : parents) DropFrom(*parent, place.back());
}

void Set(Json& root, const Place& place, const Json& value) {
  std::vector<Json*> parents;
  if (!place.empty() && place.back() != kAny) FindParents(root, place, 0, parents);
  for (Json* parent : parents) {
    if (parent->is_object() && !parent->contains(place.back())) (*parent)[place.back()] = value;
  }
  for (Json* target : FindAll(root, place)) *target = value;
}

void Move(Json& root, const Place& place, const Place& to) {
  const std::vector<Json*> sources = FindAll(root, place);
  if (sources.empty()) return;
  const Json value = *sources.front();
  Drop(root, place);
  const std::vector<Json*> targets = FindAll(root, to);
  if (targets.empty() || !targets.front()->is_array() || !value.is_array()) {
    return Set(root, to, value);
  }
  targets.front()->insert(targets.front()->end(), value.begin(), value.end());
}

void ChangeList(Json& list, const JsonEdit& edit) {
  if (list.is_string() && edit.kind == Kind::kAppend) {
    const Json more = Json::parse(edit.value);
    auto& text = list.get_ref<std::string&>();
    if (!more.is_string() || absl::EndsWith(text, more.get_ref<const std::string&>())) return;
    text += more.get_ref<const std::string&>();
  }
  if (!list.is_array()) return;
  if (edit.kind == Kind::kReverse) std::reverse(list.begin(), list.end());
  if (edit.kind == Kind::kRemoveLast && !list.empty()) list.erase(list.size() - 1);
  if (edit.kind == Kind::kAppend) list.push_back(Json::parse(edit.value));
  if (edit.kind != Kind::kDouble) return;
  Json twice = Json::array();
  for (const Json& element : list) {
    twice.push_back(element);
    twice.push_back(element);
  }
  list = std::move(twice);
}

}  // namespace

bool IsJsonEditWord(absl::string_view word) { return FindWord(word) != nullptr; }

absl::StatusOr<JsonEdit> ParseJsonEdit(absl::string_view text) {
  const absl::string_view word = TakeWord(text);
  const EditWord* row = FindWord(word);
  if (row == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", word, "': expected drop, set, append, reverse, double, remove-last or move"));
  }
  JsonEdit edit{.kind = row->kind};
  ASSIGN_OR_RETURN(edit.place, ParsePlace(TakeWord(text)));
  if (row->places == 2) {
    ASSIGN_OR_RETURN(edit.to, ParsePlace(TakeWord(text)));
  }
  if (row->value && !Json::accept(text.begin(), text.end())) {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "': expected a JSON value"));
  }
  if (!row->value && !text.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "': expected nothing more"));
  }
  edit.value = std::string(text);
  return edit;
}

absl::StatusOr<bool> ApplyJsonEdit(const JsonEdit& edit, std::string& json) {
  Json document = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return absl::InvalidArgumentError("this is no JSON");
  const Json before = document;
  switch (edit.kind) {
    case Kind::kDrop:
      Drop(document, edit.place);
      break;
    case Kind::kSet:
      Set(document, edit.place, Json::parse(edit.value));
      break;
    case Kind::kMove:
      Move(document, edit.place, edit.to);
      break;
    default:
      for (Json* list : FindAll(document, edit.place)) ChangeList(*list, edit);
  }
  if (document == before) return false;
  json = document.dump();
  return true;
}

}  // namespace fakes
