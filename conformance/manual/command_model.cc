// SPDX-License-Identifier: Apache-2.0
#include "conformance/manual/command_model.h"

#include <CLI/CLI.hpp>
#include <utility>

namespace conformance {
namespace {

OptionModel ModelOf(const CLI::Option& option) {
  OptionModel model;
  model.description = option.get_description();
  model.required = option.get_required();
  model.positional = option.get_positional();
  if (model.positional) {
    model.names = {option.get_name(true)};
    model.value = option.get_type_name();
    return model;
  }
  for (const std::string& name : option.get_snames()) model.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) model.names.push_back("--" + name);
  if (option.get_items_expected_max() > 0) model.value = option.get_type_name();
  return model;
}

CommandModel ModelOf(const CLI::App& app, std::vector<std::string> words) {
  CommandModel model;
  model.words = std::move(words);
  model.summary = app.get_description();
  // Commands without a footer have that of the command around them.
  const CLI::App* around = app.get_parent();
  if (around == nullptr || app.get_footer() != around->get_footer()) {
    model.footer = app.get_footer();
  }
  for (const CLI::Option* option : app.get_options()) model.options.push_back(ModelOf(*option));
  for (const CLI::App* sub : app.get_subcommands(nullptr)) {
    std::vector<std::string> deeper = model.words;
    deeper.push_back(sub->get_name());
    model.commands.push_back(ModelOf(*sub, std::move(deeper)));
  }
  return model;
}

}  // namespace

CommandModel ModelOf(const CLI::App& app) { return ModelOf(app, {}); }

std::vector<const CommandModel*> AllCommands(const CommandModel& command) {
  std::vector<const CommandModel*> all = {&command};
  for (const CommandModel& sub : command.commands) {
    const std::vector<const CommandModel*> below = AllCommands(sub);
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

}  // namespace conformance
