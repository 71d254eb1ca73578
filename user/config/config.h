/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration file (INI): a table of keys gives parsing, defaults and help. */
#ifndef NFM_CONFIG_H
#define NFM_CONFIG_H

#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "abi.h"
#include "base/error.h"
#include "base/units.h"

#define NFM_CONFIG_DEFAULT_FILE "/etc/nfmeter/nfmeter.conf"
#define NFM_CONFIG_MAX_INTERFACES 16
#define NFM_CONFIG_MAX_AUTO 64
#define NFM_CONFIG_MAX_METRICS 100

enum nfm_xdp_mode { NFM_XDP_AUTO, NFM_XDP_NATIVE, NFM_XDP_GENERIC, NFM_XDP_OFF };

struct nfm_config_prefix {
	uint8_t addr[16]; /* IPv4 in the first four bytes; host bits are zero */
	uint8_t family;	  /* 4 or 6 */
	uint8_t bits;
};

/** One address of one [exporter NAME] section. */
struct nfm_config_exporter {
	struct nfm_addr addr;
	char name[48];
	uint32_t sampling_num; /* 0: auto */
	uint32_t sampling_den;
	bool trust_data;
	uint16_t file;	   /* that its section stands in: see config/sources.h */
	bool no_nat;	   /* post-NAT addresses are not looked at */
	bool repair_wraps; /* certain wraps of 32-bit counters are repaired */
};

struct nfm_config {
	char interfaces[NFM_CONFIG_MAX_INTERFACES][IF_NAMESIZE];
	unsigned int interface_count;
	enum nfm_xdp_mode xdp;
	bool tee;
	struct nfm_addr listen[NFM_MAX_LISTEN];
	unsigned int listen_count; /* 0: any address ("*") */
	uint16_t ports[NFM_MAX_PORTS]; /* host order */
	unsigned int port_count;
	uint32_t interval_s;
	char directory[PATH_MAX];
	char runtime[PATH_MAX];
	char pin[PATH_MAX];
	uint32_t capacity;
	uint32_t max_exporters;	 /* ours: rows for exporters, default 1024 */
	uint32_t pages;		 /* ours: pages of the stride table, 0: from the capacity */
	uint32_t templates_per_exporter;
	uint64_t template_memory_bytes; /* of all templates */
	uint64_t template_buffer_bytes; /* the waiting room; takes effect with a new table */
	uint64_t earlier_memory_bytes; /* of earlier slots; 0: none; for a new table */
	uint32_t template_wait_s;	/* then a set whose template did not come is given up */
	bool any_exporter;
	char hook[PATH_MAX];
	bool nfdump;
	enum nfm_compression nfdump_compression; /* of the nfcapd files */
	uint64_t expire_size_bytes;  /* 0: no limit */
	uint64_t expire_lifetime_s;  /* 0: no limit */
	unsigned int expire_watermark; /* percent, 1..100 */
	uint64_t expire_hours_s;       /* of the rollups by hour; 0: no limit */
	uint64_t expire_days_s;	       /* and by day */
	char customers_file[PATH_MAX];
	bool customers_file_set;     /* named in the configuration: then it must exist */
	struct nfm_config_prefix autos[NFM_CONFIG_MAX_AUTO];
	unsigned int auto_count;
	struct nfm_config_exporter *exporters; /* malloc'd */
	unsigned int exporter_count;
	char http_listen[256];
	char http_tokens[PATH_MAX]; /* empty: none */
	char http_certificate[PATH_MAX], http_key[PATH_MAX]; /* both or none: TLS */
	char http_user[64];
	uint32_t http_connections;
	char metrics_customers[NFM_CONFIG_MAX_METRICS][NFM_ID_SIZE];
	unsigned int metrics_customer_count;
	char clickhouse_url[1024];
};

/**
 * Reads `path` over the defaults, and the drop-ins in the folder PATH.d over that. NULL gives the
 * defaults alone (no file, default `autos` as in CONTRACT: none). -ENOENT if the file is missing,
 * -EINVAL with every wrong line as file:line. See config/sources.h, too.
 */
int nfm_config_read(const char *path, struct nfm_config *out, struct nfm_error *error);

void nfm_config_clear(struct nfm_config *config);

/** Writes every section and key with its default and its help, for the man page and --help. */
int nfm_config_print_reference(FILE *to);

#endif
