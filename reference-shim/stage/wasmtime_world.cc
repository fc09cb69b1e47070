// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/wasmtime_world.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "reference-shim/stage/wasmtime_config.h"

namespace stage::wasmtime {
namespace {

// C strings end at a NUL: what follows would be lost without a word.
absl::Status CheckWords(absl::string_view what, const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].find('\0') != std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, "[", i, "]: \"", absl::CHexEscape(words[i]), "\" contains a NUL"));
    }
  }
  return absl::OkStatus();
}

// Set one by one, so that a refusal can be told from the others.
absl::Status SetArgs(wasi_config_t* config, const std::vector<std::string>& args) {
  RETURN_IF_ERROR(CheckWords("args", args));
  for (std::size_t i = 0; i < args.size(); ++i) {
    const char* arg = args[i].c_str();
    if (!wasi_config_set_argv(config, 1, &arg)) {
      return absl::InvalidArgumentError(absl::StrCat("args[", i, "]: \"", absl::CHexEscape(args[i]),
                                                     "\" is not UTF-8, as WASI needs it"));
    }
  }
  return absl::OkStatus();
}

absl::Status SetEnv(wasi_config_t* config, const std::vector<std::string>& env) {
  RETURN_IF_ERROR(CheckWords("env", env));
  for (std::size_t i = 0; i < env.size(); ++i) {
    const std::size_t equals = env[i].find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(absl::StrCat("env[", i, "]: \"", absl::CHexEscape(env[i]),
                                                     "\" is not NAME=VALUE, as WASI needs it"));
    }
    const std::string name = env[i].substr(0, equals);
    const char* names[] = {name.c_str()};
    const char* values[] = {env[i].c_str() + equals + 1};
    if (!wasi_config_set_env(config, 1, names, values)) {
      return absl::InvalidArgumentError(absl::StrCat("env[", i, "]: \"", absl::CHexEscape(env[i]),
                                                     "\" is not UTF-8, as WASI needs it"));
    }
  }
  return absl::OkStatus();
}

absl::Status OpenPreopen(wasi_config_t* config, const GuestWorld::Preopen& preopen) {
  const std::string what = absl::StrCat("preopen ", preopen.host_path, " as ", preopen.guest_path);
  RETURN_IF_ERROR(CheckWords("preopen", {preopen.host_path, preopen.guest_path}));
  if (wasi_config_preopen_dir(config, preopen.host_path.c_str(), preopen.guest_path.c_str(),
                              preopen.writable)) {
    return absl::OkStatus();
  }
  // The API only says no; the kernel says why.
  const base::UniqueFd directory(
      ::open(preopen.host_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok()) return base::ErrnoStatus(errno, what);
  return absl::InvalidArgumentError(absl::StrCat(what, ": not UTF-8, as WASI needs it"));
}

}  // namespace

absl::StatusOr<WasiConfig> MakeWasi(const GuestWorld& world) {
  WasiConfig config(wasi_config_new());
  shimgauge_wasi_config_block_in_place(config.get());
  RETURN_IF_ERROR(SetArgs(config.get(), world.args));
  RETURN_IF_ERROR(SetEnv(config.get(), world.env));
  wasi_config_inherit_stdin(config.get());
  wasi_config_inherit_stdout(config.get());
  wasi_config_inherit_stderr(config.get());
  for (const GuestWorld::Preopen& preopen : world.preopens) {
    RETURN_IF_ERROR(OpenPreopen(config.get(), preopen));
  }
  return config;
}

absl::StatusOr<Store> MakeStore(const wasm_engine_t& engine, const GuestWorld& world,
                                bool counts_fuel) {
  if (world.fuel > 0 && !counts_fuel) {
    return absl::InvalidArgumentError("fuel for a guest whose code does not count it");
  }
  ASSIGN_OR_RETURN(WasiConfig wasi, MakeWasi(world));
  Store store(wasmtime_store_new(const_cast<wasm_engine_t*>(&engine), nullptr, nullptr));
  if (world.memory_bytes_max > 0) {
    shimgauge_store_limit_memory(store.get(), world.memory_bytes_max);
  }
  wasmtime_context_t* const context = wasmtime_store_context(store.get());
  if (const Error error(wasmtime_context_set_wasi(context, wasi.release())); error != nullptr) {
    return absl::InternalError(absl::StrCat("making the WASI context: ", Message(*error)));
  }
  if (counts_fuel) {
    const std::uint64_t fuel = world.fuel > 0 ? world.fuel : UINT64_MAX;
    if (const Error error(wasmtime_context_set_fuel(context, fuel)); error != nullptr) {
      return absl::InternalError(absl::StrCat("setting the fuel: ", Message(*error)));
    }
  }
  return store;
}

}  // namespace stage::wasmtime
