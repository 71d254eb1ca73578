// SPDX-License-Identifier: GPL-2.0-only
/* The kernel types that the datapath uses; `vmlinux/trim` makes vmlinux.h of them. */
#include "vmlinux_full.h"

struct nfm_trim {
	struct xdp_md md;
	struct ethhdr ethernet;
	struct vlan_hdr vlan;
	struct iphdr ipv4;
	struct ipv6hdr ipv6;
	struct ipv6_opt_hdr ipv6_option;
	struct frag_hdr fragment;
	struct udphdr udp;
	enum xdp_action action;
	enum bpf_map_type map_type;
	__s8 s8;
	__s16 s16;
	__s32 s32;
	__s64 s64;
	__wsum wsum;
	u8 a;
	u16 b;
	u32 c;
	u64 d;
	s8 e;
	s16 f;
	s32 g;
	s64 h;
	_Bool flag;
} nfm_trim;
