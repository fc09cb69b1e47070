// SPDX-License-Identifier: Apache-2.0
#include "container/seccomp.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "oci/json_reader.h"

namespace container {
namespace {

struct Argument {
  std::uint64_t index = 0;
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;
  std::string op;
};

struct Rule {
  std::vector<std::string> names;
  std::string action;
  std::optional<std::uint64_t> errno_ret;
  std::vector<Argument> arguments;
};

struct Profile {
  std::string default_action;
  std::optional<std::uint64_t> default_errno;
  std::vector<std::string> architectures;
  std::vector<Rule> rules;
};

struct Release {
  void operator()(scmp_filter_ctx filter) const { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, Release>;

constexpr std::uint64_t kMaxErrno = 4095;

absl::Status ReadStrings(oci::JsonReader& in, std::vector<std::string>& out) {
  return in.ReadArray([&] { return in.ReadString(out.emplace_back()); });
}

absl::Status ReadArgument(oci::JsonReader& in, Argument& out) {
  constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();
  return in.ReadObject([&](absl::string_view name) {
    if (name == "index") return in.ReadUnsigned(5, out.index);
    if (name == "value") return in.ReadUnsigned(kAny, out.value);
    if (name == "valueTwo") return in.ReadUnsigned(kAny, out.value_two);
    if (name == "op") return in.ReadString(out.op);
    return in.Skip();
  });
}

absl::Status ReadRule(oci::JsonReader& in, Rule& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "names") return ReadStrings(in, out.names);
    if (name == "action") return in.ReadString(out.action);
    if (name == "errnoRet") return in.ReadUnsigned(kMaxErrno, out.errno_ret.emplace());
    if (name == "args") {
      return in.ReadArray([&] { return ReadArgument(in, out.arguments.emplace_back()); });
    }
    return in.Skip();
  });
}

absl::Status ReadProfile(oci::JsonReader& in, Profile& out) {
  return in.ReadObject([&](absl::string_view name) {
    if (name == "defaultAction") return in.ReadString(out.default_action);
    if (name == "defaultErrnoRet") return in.ReadUnsigned(kMaxErrno, out.default_errno.emplace());
    if (name == "architectures") return ReadStrings(in, out.architectures);
    if (name == "syscalls") {
      return in.ReadArray([&] { return ReadRule(in, out.rules.emplace_back()); });
    }
    return in.Skip();
  });
}

absl::StatusOr<std::uint32_t> Action(const std::string& name,
                                     const std::optional<std::uint64_t>& errno_ret) {
  const auto number = static_cast<std::uint32_t>(errno_ret.value_or(EPERM));
  if (name == "SCMP_ACT_ALLOW") return SCMP_ACT_ALLOW;
  if (name == "SCMP_ACT_ERRNO") return SCMP_ACT_ERRNO(number);
  if (name == "SCMP_ACT_KILL" || name == "SCMP_ACT_KILL_THREAD") return SCMP_ACT_KILL_THREAD;
  if (name == "SCMP_ACT_KILL_PROCESS") return SCMP_ACT_KILL_PROCESS;
  if (name == "SCMP_ACT_TRAP") return SCMP_ACT_TRAP;
  if (name == "SCMP_ACT_TRACE") return SCMP_ACT_TRACE(number);
  if (name == "SCMP_ACT_LOG") return SCMP_ACT_LOG;
  return absl::InvalidArgumentError(absl::StrCat("linux.seccomp: action \"", name, "\""));
}

absl::StatusOr<scmp_compare> Operator(const std::string& name) {
  if (name == "SCMP_CMP_NE") return SCMP_CMP_NE;
  if (name == "SCMP_CMP_LT") return SCMP_CMP_LT;
  if (name == "SCMP_CMP_LE") return SCMP_CMP_LE;
  if (name == "SCMP_CMP_EQ") return SCMP_CMP_EQ;
  if (name == "SCMP_CMP_GE") return SCMP_CMP_GE;
  if (name == "SCMP_CMP_GT") return SCMP_CMP_GT;
  if (name == "SCMP_CMP_MASKED_EQ") return SCMP_CMP_MASKED_EQ;
  return absl::InvalidArgumentError(absl::StrCat("linux.seccomp: op \"", name, "\""));
}

absl::Status AddRule(const Filter& filter, std::uint32_t default_action, const Rule& rule) {
  ASSIGN_OR_RETURN(const std::uint32_t action, Action(rule.action, rule.errno_ret));
  if (action == default_action) return absl::OkStatus();  // the library refuses such rules
  std::vector<scmp_arg_cmp> comparisons;
  for (const Argument& argument : rule.arguments) {
    ASSIGN_OR_RETURN(const scmp_compare op, Operator(argument.op));
    comparisons.push_back({.arg = static_cast<unsigned>(argument.index),
                           .op = op,
                           .datum_a = argument.value,
                           .datum_b = argument.value_two});
  }
  for (const std::string& name : rule.names) {
    const int number = ::seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) continue;
    const int added =
        ::seccomp_rule_add_array(filter.get(), action, number,
                                 static_cast<unsigned>(comparisons.size()), comparisons.data());
    if (added != 0 && added != -EDOM && added != -EEXIST) {
      return base::ErrnoStatus(-added, absl::StrCat("linux.seccomp: rule for ", name));
    }
  }
  return absl::OkStatus();
}

absl::Status AddArchitectures(const Filter& filter, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::string short_name = absl::AsciiStrToLower(absl::StripPrefix(name, "SCMP_ARCH_"));
    const std::uint32_t token = ::seccomp_arch_resolve_name(short_name.c_str());
    if (token == 0) {
      return absl::InvalidArgumentError(absl::StrCat("linux.seccomp: architecture \"", name, "\""));
    }
    const int added = ::seccomp_arch_add(filter.get(), token);
    if (added != 0 && added != -EEXIST) {
      return base::ErrnoStatus(-added, absl::StrCat("linux.seccomp: architecture ", name));
    }
  }
  return absl::OkStatus();
}

// The library hands a finished program to a descriptor only.
absl::StatusOr<std::vector<std::uint64_t>> Export(const Filter& filter) {
  const base::UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file.ok()) return base::ErrnoStatus(errno, "linux.seccomp: memfd_create");
  if (const int written = ::seccomp_export_bpf(filter.get(), file.get()); written != 0) {
    return base::ErrnoStatus(-written, "linux.seccomp: make the filter");
  }
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  if (size <= 0 || size % static_cast<off_t>(sizeof(sock_filter)) != 0) {
    return absl::InternalError("linux.seccomp: the filter has an odd size");
  }
  std::vector<std::uint64_t> program(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (::pread(file.get(), program.data(), static_cast<std::size_t>(size), 0) != size) {
    return base::ErrnoStatus(errno, "linux.seccomp: read the filter");
  }
  return program;
}

}  // namespace

absl::StatusOr<SeccompFilter> SeccompFilter::Compile(absl::string_view json) {
  SeccompFilter compiled;
  if (json.empty()) return compiled;
  Profile profile;
  oci::JsonReader in(json);
  RETURN_IF_ERROR(base::Annotate(ReadProfile(in, profile), "linux.seccomp"));
  ASSIGN_OR_RETURN(const std::uint32_t default_action,
                   Action(profile.default_action, profile.default_errno));
  const Filter filter(::seccomp_init(default_action));
  if (filter == nullptr) return absl::InternalError("linux.seccomp: cannot make a filter");
  RETURN_IF_ERROR(AddArchitectures(filter, profile.architectures));
  for (const Rule& rule : profile.rules) RETURN_IF_ERROR(AddRule(filter, default_action, rule));
  ASSIGN_OR_RETURN(compiled.instructions_, Export(filter));
  return compiled;
}

absl::Status SeccompFilter::Install() const {
  if (instructions_.empty()) return absl::OkStatus();
  // The kernel does not write to it, whatever the type says.
  auto* const first =
      reinterpret_cast<sock_filter*>(const_cast<std::uint64_t*>(instructions_.data()));
  const sock_fprog program{.len = static_cast<unsigned short>(instructions_.size()),
                           .filter = first};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &program) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, "linux.seccomp: load");
}

}  // namespace container
