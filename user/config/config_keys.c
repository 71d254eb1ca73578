// SPDX-License-Identifier: GPL-2.0-only
/* Every section and key of the configuration, with its parser, default and help. */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "config/config_values.h"

#define SIZE_OF(member) sizeof(((struct nfm_config *)NULL)->member)
#define AT(member) .offset = offsetof(struct nfm_config, member), .size = SIZE_OF(member)
#define FROM_TO(first, last)                                                                      \
	.offset = offsetof(struct nfm_config, first),                                             \
	.size = offsetof(struct nfm_config, last) + SIZE_OF(last) -                               \
		offsetof(struct nfm_config, first)
#define TEXT_AT(member, least) AT(member), .min = (least), .max = SIZE_OF(member)

const struct nfm_config_key nfm_config_keys[NFM_CONFIG_KEYS] = {
	{
		.section = "collector",
		.name = "interfaces",
		.parse = nfm_config_parse_interfaces,
		.fallback = "",
		.form = "up to 16 names of NICs with spaces between them",
		.help = "NICs that the XDP program is attached to; empty: UDP socket only.",
		FROM_TO(interfaces, interface_count),
	},
	{
		.section = "collector",
		.name = "xdp",
		.parse = nfm_config_parse_xdp,
		.fallback = "auto",
		.form = "auto, native, generic or off",
		.help = "How to attach: auto tries native, then generic, then the socket alone.",
		AT(xdp),
	},
	{
		.section = "collector",
		.name = "tee",
		.parse = nfm_config_parse_flag,
		.fallback = "no",
		.form = "yes or no",
		.help = "yes: count, then pass every packet on (to run beside another collector).",
		AT(tee),
	},
	{
		.section = "collector",
		.name = "listen",
		.parse = nfm_config_parse_listen,
		.fallback = "*",
		.form = "* for any, or up to 16 IPv4 and IPv6 addresses of this "
			"machine with spaces between them",
		.help = "Addresses to which the exporters send.",
		FROM_TO(listen, listen_count),
	},
	{
		.section = "collector",
		.name = "port",
		.parse = nfm_config_parse_ports,
		.fallback = "9995",
		.form = "up to 8 numbers from 1 to 65535 with spaces between them",
		.help = "UDP ports to which the exporters send.",
		FROM_TO(ports, port_count), .live = true, .page = true,
	},
	{
		.section = "collector",
		.name = "interval",
		.parse = nfm_config_parse_u32,
		.fallback = "300",
		.form = "seconds from 1 to 86400",
		.help = "Seconds that a snapshot file covers, aligned to the local clock.",
		AT(interval_s), .min = 1, .max = 86400, .live = true, .page = true,
	},
	{
		.section = "collector",
		.name = "directory",
		.parse = nfm_config_parse_text,
		.fallback = "/var/lib/nfmeter",
		.form = "a folder's path",
		.help = "Snapshots and state.",
		TEXT_AT(directory, 1),
	},
	{
		.section = "collector",
		.name = "runtime",
		.parse = nfm_config_parse_text,
		.fallback = "/run/nfmeter",
		.form = "a folder's path",
		.help = "Control socket; in socket mode also the table.",
		TEXT_AT(runtime, 1),
	},
	{
		.section = "collector",
		.name = "pin",
		.parse = nfm_config_parse_text,
		.fallback = "/sys/fs/bpf/nfmeter",
		.form = "a folder's path on a bpf file system",
		.help = "Where maps and program are pinned.",
		TEXT_AT(pin, 1),
	},
	{
		.section = "collector",
		.name = "capacity",
		.parse = nfm_config_parse_u32,
		.fallback = "65536",
		.form = "a number from 16 to 134217728",
		.help = "Rows for customers; takes effect with a new table.",
		AT(capacity), .min = 16, .max = 134217728,
	},
	{
		.section = "collector",
		.name = "max-exporters",
		.parse = nfm_config_parse_u32,
		.fallback = "1024",
		.form = "a number from 1 to 65535",
		.help = "Rows for exporters; takes effect with a new table.",
		AT(max_exporters), .min = 1, .max = NFM_CONFIG_EXPORTERS_LIMIT,
	},
	{
		.section = "collector",
		.name = "pages",
		.parse = nfm_config_parse_pages,
		.fallback = "0",
		.form = "0, or a number from 1024 to 16777216",
		.help = "Pages of 1 KiB for looking up prefixes; 0: enough for the capacity.",
		.min = 1024, .max = 16777216,
		AT(pages),
	},
	{
		.section = "collector",
		.name = "exporters",
		.parse = nfm_config_parse_any_exporter,
		.fallback = "listed",
		.form = "listed or any",
		.help = "listed: only the [exporter …] sections may send; any: "
			"every source is taken.",
		AT(any_exporter), .live = true,
	},
	{
		.section = "collector",
		.name = "templates",
		.parse = nfm_config_parse_u32,
		.fallback = "4096",
		.form = "a number from 16 to 65535",
		.help = "Templates and samplers (v9, IPFIX) that one exporter may have; of more, "
			"the one unused longest is forgotten.",
		AT(templates_per_exporter), .min = 16, .max = 65535,
	},
	{
		.section = "collector",
		.name = "template-memory",
		.parse = nfm_config_parse_bytes,
		.fallback = "64M",
		.form = "at least 1M: a number with K, M, G or T",
		.help = "Memory for the templates of all exporters.",
		AT(template_memory_bytes), .min = 1ULL << 20, .max = UINT64_MAX,
	},
	{
		.section = "collector",
		.name = "template-buffer",
		.parse = nfm_config_parse_bytes,
		.fallback = "16M",
		.form = "64K to 256M: a number with K, M or G",
		.help = "Room for data that wait for their template; takes effect with a new "
			"table.",
		AT(template_buffer_bytes), .min = 64ULL << 10, .max = 256ULL << 20,
	},
	{
		.section = "collector",
		.name = "template-wait",
		.parse = nfm_config_parse_span,
		.fallback = "35M",
		.form = "up to 31d: a number with w, d, H (hours) or M (minutes), such as 35M; "
			"not 0",
		.help = "How long data wait for their template before they are given up: longer "
			"than the router's template timeout (RouterOS: 30 minutes).",
		AT(template_wait_s), .min = 1, .max = 31 * 86400, .live = true,
	},
	{
		.section = "collector",
		.name = "earlier-memory",
		.parse = nfm_config_parse_bytes,
		.fallback = "512M",
		.form = "0, or a number with K, M, G or T",
		.help = "Memory for the bytes of earlier slots: a long flow's bytes go to the time "
			"in which they were sent; 0: to the interval in which it was reported. "
			"`status` shows how far back it reaches; takes effect with a new table.",
		AT(earlier_memory_bytes), .min = 0, .max = 1ULL << 40,
	},
	{
		.section = "collector",
		.name = "hook",
		.parse = nfm_config_parse_text,
		.fallback = "",
		.form = "a shell command",
		.help = "Run after each snapshot: %f file, %c nfcapd file, %d folder, %t slot, %u "
			"unix time, %i name; empty: none.",
		TEXT_AT(hook, 0), .live = true,
	},
	{
		.section = "collector",
		.name = "nfdump",
		.parse = nfm_config_parse_flag,
		.fallback = "no",
		.form = "yes or no",
		.help = "yes: also write nfcapd.YYYYmmddHHMM files, which nfdump reads: a record "
			"from each customer's first address (-A srcip: upload) and one to it (-A "
			"dstip: download).",
		AT(nfdump), .live = true,
	},
	{
		.section = "collector",
		.name = "nfdump-compression",
		.parse = nfm_config_parse_compression,
		.fallback = "none",
		.form = "none, lz4 or zstd",
		.help = "Compression of the nfcapd files; zstd needs nfdump 1.7.4 or newer "
			"(Debian 12 has 1.7.1).",
		AT(nfdump_compression), .live = true,
	},
	{
		.section = "expire",
		.name = "size",
		.parse = nfm_config_parse_size,
		.fallback = "10G",
		.form = NFM_SIZE_FORM,
		.help = "Total size of the snapshots above which the oldest go (K "
			"KB M MB G GB T TB, else bytes); 0 or empty: no limit.",
		AT(expire_size_bytes), .live = true, .page = true,
	},
	{
		.section = "expire",
		.name = "lifetime",
		.parse = nfm_config_parse_lifetime,
		.fallback = "31d",
		.form = NFM_LIFETIME_FORM,
		.help = "Age above which snapshots go (w d H M, else hours); 0 or empty: no limit.",
		AT(expire_lifetime_s), .live = true, .page = true,
	},
	{
		.section = "expire",
		.name = "lifetime-hours",
		.parse = nfm_config_parse_lifetime,
		.fallback = "400d",
		.form = NFM_LIFETIME_FORM,
		.help = "The same for what each customer had by the hour.",
		AT(expire_hours_s), .live = true, .page = true,
	},
	{
		.section = "expire",
		.name = "lifetime-days",
		.parse = nfm_config_parse_lifetime,
		.fallback = "3650d",
		.form = NFM_LIFETIME_FORM,
		.help = "The same for what each customer had by the day.",
		AT(expire_days_s), .live = true, .page = true,
	},
	{
		.section = "expire",
		.name = "watermark",
		.parse = nfm_config_parse_u32,
		.fallback = "95",
		.form = "a percentage from 1 to 100",
		.help = "Percent of the size limit down to which files go.",
		AT(expire_watermark), .min = 1, .max = 100, .live = true, .page = true,
	},
	{
		.section = "customers",
		.name = "file",
		.parse = nfm_config_parse_customers_file,
		.fallback = "/etc/nfmeter/customers.csv",
		.form = "a file's path",
		.help = "Customers as CSV: id, name, prefixes. Not set: this one, if it is there.",
		FROM_TO(customers_file, customers_file_set), .min = 1,
		.max = SIZE_OF(customers_file), .shown_off = true,
	},
	{
		.section = "customers",
		.name = "auto",
		.parse = nfm_config_parse_autos,
		.fallback = "",
		.form = "up to 64 prefixes like 10.0.0.0/8 with spaces between "
			"them, no bits set behind the length",
		.help = "Ranges whose hosts (IPv4 /32, IPv6 /64) become customers "
			"at first sight; empty: none.",
		FROM_TO(autos, auto_count),
	},
	{
		.section = NFM_CONFIG_EXPORTER,
		.name = "address",
		.parse = nfm_config_parse_address,
		.fallback = "192.0.2.1 2001:db8::1",
		.form = "the router's IPv4 or IPv6 addresses with spaces between them",
		.help = "Addresses that the router sends from (its src-address).",
		.shown_off = true,
	},
	{
		.section = NFM_CONFIG_EXPORTER,
		.name = "sampling",
		.parse = nfm_config_parse_sampling,
		.fallback = "auto",
		.form = "auto, N, N/M (a factor, N not below M, up to 16777216) or trust-data",
		.help = "auto: as the router says in header or options; N or N/M: "
			"multiply by it (1000: one packet of 1000 is seen); trust-data: as its "
			"data records say.",
		.shown_off = true,
	},
	{
		.section = NFM_CONFIG_EXPORTER,
		.name = "nat",
		.parse = nfm_config_parse_nat,
		.fallback = "yes",
		.form = "yes or no",
		.help = "yes: where a record has addresses after NAT (v9, IPFIX), the customer "
			"behind the NAT is found by them; no: they are not looked at.",
		.shown_off = true,
	},
	{
		.section = NFM_CONFIG_EXPORTER,
		.name = "repair-wraps",
		.parse = nfm_config_parse_repair_wraps,
		.fallback = "no",
		.form = "yes or no",
		.help = "yes: a 32-bit byte counter that certainly wrapped (fewer than 20 bytes a "
			"packet) gets 2^32 bytes back, as often as packets of 1500 bytes allow.",
		.shown_off = true,
	},
	{
		.section = "http",
		.name = "listen",
		.parse = nfm_config_parse_http,
		.fallback = "127.0.0.1:9996",
		.form = "ADDRESS:PORT, [IPv6]:PORT, *:PORT or nothing",
		.help = "Web page, API and metrics; empty: off.",
		TEXT_AT(http_listen, 0), .live = true,
	},
	{
		.section = "http",
		.name = "tokens",
		.parse = nfm_config_parse_text,
		.fallback = "/etc/nfmeter/tokens",
		.form = "a file's path or nothing",
		.help = "Who may ask, as `nfmeter token add` writes it; without a token only this "
			"machine may, and it may only read.",
		TEXT_AT(http_tokens, 0), .live = true,
	},
	{
		.section = "http",
		.name = "certificate",
		.parse = nfm_config_parse_text,
		.fallback = "",
		.form = "a PEM file's path or nothing",
		.help = "Chain of the server's certificates; with `key`: TLS.",
		TEXT_AT(http_certificate, 0), .live = true,
	},
	{
		.section = "http",
		.name = "key",
		.parse = nfm_config_parse_text,
		.fallback = "",
		.form = "a PEM file's path or nothing",
		.help = "The certificate's private key.",
		TEXT_AT(http_key, 0), .live = true,
	},
	{
		.section = "http",
		.name = "user",
		.parse = nfm_config_parse_text,
		.fallback = "nobody",
		.form = "a user's name",
		.help = "As whom the server runs once its files are open.",
		TEXT_AT(http_user, 1), .live = true,
	},
	{
		.section = "http",
		.name = "connections",
		.parse = nfm_config_parse_u32,
		.fallback = "1024",
		.form = "a number from 1 to 65535",
		.help = "Connections at once; more are refused.",
		AT(http_connections), .min = 1, .max = 65535, .live = true,
	},
	{
		.section = "http",
		.name = "metrics-customers",
		.parse = nfm_config_parse_metrics_customers,
		.fallback = "",
		.form = "up to 100 customers' ids with spaces between them",
		.help = "Customers with series of their own in /metrics; empty: only sums.",
		FROM_TO(metrics_customers, metrics_customer_count), .live = true,
	},
	{
		.section = "clickhouse",
		.name = "url",
		.parse = nfm_config_parse_url,
		.fallback = "",
		.form = "http://HOST:PORT/?database=NAME or nothing",
		.help = "ClickHouse to which every snapshot is sent; empty: off.",
		TEXT_AT(clickhouse_url, 0), .secret = true,
	},
};

int nfm_config_print_reference(FILE *to)
{
	const char *section = "";

	for (size_t i = 0; i < NFM_CONFIG_KEYS; i++) {
		const struct nfm_config_key *key = &nfm_config_keys[i];
		bool exporter = !strcmp(key->section, NFM_CONFIG_EXPORTER);

		if (strcmp(key->section, section) != 0)
			fprintf(to, "%s%s[%s%s]\n", *section ? "\n" : "", exporter ? "#" : "",
				key->section, exporter ? " NAME" : "");
		section = key->section;
		fprintf(to, "# %s\n# Write %s.\n%s%s =%s%s\n", key->help, key->form,
			key->shown_off ? "#" : "", key->name, *key->fallback ? " " : "",
			key->fallback);
	}
	return ferror(to) || fflush(to) ? -EIO : 0;
}
