// SPDX-License-Identifier: Apache-2.0
#include "netlink/traffic.h"

#include <absl/strings/str_cat.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <sys/socket.h>

#include <cstddef>
#include <string>

#include "base/status_macros.h"

namespace netlink {
namespace {

constexpr std::uint32_t kIngressHandle = TC_H_MAKE(TC_H_INGRESS, 0);
constexpr std::uint32_t kFirst = 1;  // of the filters, and of a filter's actions

// Of u32, which every kernel with filters has, with a key that fits all: no bit of a word is looked
// at. A selector has its keys behind it.
std::string SelectorOfAll() {
  std::string bytes(sizeof(tc_u32_sel) + sizeof(tc_u32_key), '\0');
  bytes[offsetof(tc_u32_sel, flags)] = TC_U32_TERMINAL;
  bytes[offsetof(tc_u32_sel, nkeys)] = 1;
  return bytes;
}

tcmsg HeaderOf(int index) {
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = index;
  return header;
}

Request IngressRequest(std::uint16_t type, std::uint16_t flags, int index) {
  tcmsg header = HeaderOf(index);
  header.tcm_parent = TC_H_INGRESS;
  header.tcm_handle = kIngressHandle;
  Request request(type, flags, header);
  request.PutText(TCA_KIND, "ingress");
  return request;
}

}  // namespace

absl::Status AddIngress(Socket& socket, int index) {
  return socket.Change(IngressRequest(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, index),
                       absl::StrCat("add ingress of link ", index));
}

absl::Status DeleteIngress(Socket& socket, int index) {
  return socket.Change(IngressRequest(RTM_DELQDISC, 0, index),
                       absl::StrCat("delete ingress of link ", index));
}

absl::StatusOr<std::vector<int>> ListIngress(Socket& socket) {
  ASSIGN_OR_RETURN(const std::vector<Message> messages,
                   socket.Read(Request(RTM_GETQDISC, NLM_F_DUMP, HeaderOf(0)), "list ingress"));
  std::vector<int> links;
  for (const Message& message : messages) {
    if (message.type != RTM_NEWQDISC) continue;
    ASSIGN_OR_RETURN(const auto parts, message.Split<tcmsg>());
    if (parts.first.tcm_parent == TC_H_INGRESS) links.push_back(parts.first.tcm_ifindex);
  }
  return links;
}

absl::Status RedirectIngress(Socket& socket, int from, int to) {
  tcmsg header = HeaderOf(from);
  header.tcm_parent = kIngressHandle;
  header.tcm_info = TC_H_MAKE(kFirst << 16U, htons(ETH_P_ALL));
  tc_mirred redirect{};
  redirect.action = TC_ACT_STOLEN;
  redirect.eaction = TCA_EGRESS_REDIR;
  redirect.ifindex = static_cast<std::uint32_t>(to);
  Request request(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, header);
  request.PutText(TCA_KIND, "u32");
  request.Nest(TCA_OPTIONS, [&] {
    request.PutBytes(TCA_U32_SEL, SelectorOfAll());
    request.Nest(TCA_U32_ACT, [&] {
      request.Nest(kFirst, [&] {
        request.PutText(TCA_ACT_KIND, "mirred");
        request.Nest(TCA_ACT_OPTIONS, [&] { request.Put(TCA_MIRRED_PARMS, redirect); });
      });
    });
  });
  return socket.Change(request, absl::StrCat("redirect link ", from, " to link ", to));
}

}  // namespace netlink
