// SPDX-License-Identifier: GPL-2.0-only
/* Checks of what the meter stands on: configuration, kernel, NICs, folders, the agent. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/units.h"
#include "cli/doctor.h"
#include "customers/customers.h"
#include "xdp/build.h"

#define FILE_MOST 65536U
#define MTU_PLAIN 1500U
#define RECEIVE_BUFFER (32U << 20) /* what the agent asks for: user/agent/socket.c */
#define SPACE_LEAST (64ULL << 20)
#define ROLLED_UP_S (36U * 3600) /* a day, and until its last late bytes are in */
#define FILES_MOST 200000U
#define SPACE_ENOUGH (1ULL << 30)

#define OK NFM_HEALTH_OK
#define WARN NFM_HEALTH_WARN
#define FAIL NFM_HEALTH_FAIL

static bool wants_xdp(const struct nfm_config *config)
{
	return config->interface_count && config->xdp != NFM_XDP_OFF;
}

/* A small file below /proc or /sys without its newline, malloc'd; NULL: not there. */
__attribute__((format(printf, 2, 3))) static char *read_system(const struct nfm_doctor *d,
							       const char *format, ...)
{
	char path[PATH_MAX];
	char *text = NULL;
	va_list args;
	size_t len, used;

	used = (size_t)snprintf(path, sizeof(path), "%s", d->root);
	va_start(args, format);
	vsnprintf(path + used, sizeof(path) - used, format, args);
	va_end(args);
	if (nfm_io_read_file(path, FILE_MOST, &text, &len))
		return NULL;
	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	return text;
}

static void check_configuration(const struct nfm_doctor *d, struct nfm_finding *f)
{
	const struct nfm_config *config = &d->config;

	if (d->config_error)
		nfm_finding_say(f, FAIL, "%s", d->config_reason.text);
	else if (d->config_reason.text[0])
		nfm_finding_say(f, WARN, "%s", d->config_reason.text);
	else
		nfm_finding_say(f, OK, "%s: %u NICs, addresses of %u exporters", d->config_path,
				config->interface_count, config->exporter_count);
	if (!d->config_error && !config->any_exporter && !config->exporter_count)
		nfm_finding_say(f, WARN,
				"no exporter is listed, so every source is refused: add [exporter "
				"NAME] sections, or set [collector] exporters = any");
}

static void check_kernel(const struct nfm_doctor *d, struct nfm_finding *f)
{
	bool must = d->config.xdp == NFM_XDP_NATIVE || d->config.xdp == NFM_XDP_GENERIC;

	if (!wants_xdp(&d->config))
		nfm_finding_say(f, OK, "no NIC is configured for XDP: the UDP socket serves");
	else if (d->xdp == 1)
		nfm_finding_say(f, OK, "XDP, with all that the datapath needs");
	else if (d->xdp == 0)
		nfm_finding_say(f, must ? FAIL : WARN,
				"no XDP as the datapath needs it: run kernel 6.1 or newer, or set "
				"[collector] xdp = off for the UDP socket");
	else
		nfm_finding_say(f, WARN, "cannot be asked for XDP (%s): run this as root",
				strerror(-d->xdp));
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strcmp(folder, "/") ||
	       (!strncmp(path, folder, len) && (!path[len] || path[len] == '/'));
}

static void check_bpffs(const struct nfm_doctor *d, struct nfm_finding *f)
{
	_cleanup_free_ char *mounts = read_system(d, "/proc/self/mounts");
	char *rest = mounts;
	char *line;

	if (!wants_xdp(&d->config)) {
		nfm_finding_say(f, OK, "not needed without XDP");
		return;
	}
	while ((line = strsep(&rest, "\n"))) {
		char folder[PATH_MAX], type[32];

		if (sscanf(line, "%*s %4095s %31s", folder, type) != 2 || strcmp(type, "bpf") ||
		    !is_below(d->config.pin, folder))
			continue;
		nfm_finding_say(f, OK, "%s holds the pins, %s", folder, d->config.pin);
		return;
	}
	nfm_finding_say(f, FAIL,
			"%s is in no bpffs: mount -t bpf bpf /sys/fs/bpf, or correct [collector] "
			"pin",
			d->config.pin);
}

static void check_nic(const struct nfm_doctor *d, const char *name, struct nfm_finding *f)
{
	_cleanup_free_ char *flags = read_system(d, "/sys/class/net/%s/flags", name);
	_cleanup_free_ char *state = read_system(d, "/sys/class/net/%s/operstate", name);

	if (!flags)
		nfm_finding_say(f, FAIL,
				"%s: there is no such NIC: `ip link` lists them; correct "
				"[collector] interfaces",
				name);
	else if (!(strtoul(flags, NULL, 16) & IFF_UP))
		nfm_finding_say(f, FAIL, "%s is down: ip link set %s up", name, name);
	else if (state && !strcmp(state, "down"))
		nfm_finding_say(f, WARN, "%s has no link: look at its cable", name);
	else
		nfm_finding_say(f, OK, "%s is up", name);
}

static void check_interfaces(const struct nfm_doctor *d, struct nfm_finding *f)
{
	unsigned int i;

	for (i = 0; i < d->config.interface_count; i++)
		check_nic(d, d->config.interfaces[i], f);
	if (!i)
		nfm_finding_say(f, OK, "none is configured: the UDP socket takes all");
}

static void check_mtu(const struct nfm_doctor *d, struct nfm_finding *f)
{
	unsigned int i;

	for (i = 0; wants_xdp(&d->config) && i < d->config.interface_count; i++) {
		const char *name = d->config.interfaces[i];
		_cleanup_free_ char *text = read_system(d, "/sys/class/net/%s/mtu", name);
		unsigned long mtu = text ? strtoul(text, NULL, 10) : 0;

		if (mtu > MTU_PLAIN && d->config.xdp != NFM_XDP_GENERIC)
			nfm_finding_say(f, WARN,
					"%s has MTU %lu: many drivers attach XDP up to about 3500 "
					"only: if it stays without, ip link set %s mtu 1500, or "
					"xdp = generic",
					name, mtu, name);
	}
	if (!f->text[0])
		nfm_finding_say(f, OK, "nothing that XDP minds");
}

static void check_socket_buffer(const struct nfm_doctor *d, struct nfm_finding *f)
{
	_cleanup_free_ char *text = read_system(d, "/proc/sys/net/core/rmem_max");
	unsigned long long most = text ? strtoull(text, NULL, 10) : 0;

	if (wants_xdp(&d->config))
		nfm_finding_say(f, OK, "the socket takes only what XDP leaves to it");
	else if (most >= RECEIVE_BUFFER)
		nfm_finding_say(f, OK, "net.core.rmem_max is %llu", most);
	else
		nfm_finding_say(f, WARN,
				"net.core.rmem_max is %llu: unless the agent runs as root its "
				"socket gets no more, and bursts are lost: sysctl -w "
				"net.core.rmem_max=%u",
				most, RECEIVE_BUFFER);
}

static void check_directory(const struct nfm_doctor *d, struct nfm_finding *f)
{
	const char *path = d->config.directory;
	char space[32];

	nfm_units_format_count(d->directory_free_bytes, "B", space, sizeof(space));
	if (d->directory_error == -ENOENT)
		nfm_finding_say(f, WARN, "%s is not there yet: the agent makes it", path);
	else if (d->directory_error)
		nfm_finding_say(f, FAIL,
				"%s: %s: no snapshot and no template can be kept: correct "
				"[collector] directory, or let the agent's user write there",
				path, strerror(-d->directory_error));
	else if (d->directory_free_bytes < SPACE_LEAST)
		nfm_finding_say(f, FAIL, "%s has %s left: make room, or lower [expire] size", path,
				space);
	else if (d->directory_free_bytes < SPACE_ENOUGH)
		nfm_finding_say(f, WARN, "%s has only %s left: make room, or lower [expire] size",
				path, space);
	else
		nfm_finding_say(f, OK, "%s is writable and has %s left", path, space);
}

/* Each rotation lists the folder; each midnight reads what the day has left there. */
static void check_expiry(const struct nfm_doctor *d, struct nfm_finding *f)
{
	const struct nfm_config *config = &d->config;
	uint64_t lifetime_s = config->expire_lifetime_s;
	uint64_t files = lifetime_s / config->interval_s;
	char size[32];

	nfm_units_format_count(config->expire_size_bytes, "B", size, sizeof(size));
	if (!config->expire_size_bytes && !lifetime_s)
		nfm_finding_say(f, WARN,
				"nothing expires, so the disk fills: set [expire] size or "
				"lifetime");
	if (config->expire_size_bytes &&
	    config->expire_size_bytes > d->directory_free_bytes + config->expire_size_bytes / 2)
		nfm_finding_say(
			f, WARN,
			"[expire] size is %s: more than the disk may have room for: lower it, "
			"or rely on lifetime",
			size);
	if (lifetime_s && lifetime_s < ROLLED_UP_S)
		nfm_finding_say(f, WARN,
				"[expire] lifetime is shorter than a day and a half: snapshots go "
				"before midnight's rollup can use them, and with them the history");
	if (files > FILES_MOST)
		nfm_finding_say(
			f, WARN,
			"interval and lifetime make %" PRIu64 " files, which each rotation "
			"looks through: raise interval, or lower lifetime (rollups keep hours "
			"and days)",
			files);
	if (!f->text[0])
		nfm_finding_say(f, OK, "%" PRIu64 " files at most, %s", files,
				config->expire_size_bytes ? size : "of any size");
}

static void check_customers(const struct nfm_doctor *d, struct nfm_finding *f)
{
	const struct nfm_config *config = &d->config;
	const char *path = config->customers_file;
	struct nfm_registry registry = { 0 };
	struct nfm_error reason = { .text = "" };
	uint32_t count;

	if (config->customers_file_set || !access(path, F_OK)) {
		if (nfm_registry_read(path, &registry, &reason)) {
			nfm_finding_say(f, FAIL, "%s", reason.text);
			return;
		}
	}
	count = registry.customer_count;
	nfm_registry_clear(&registry);
	if (!count && !config->auto_count)
		nfm_finding_say(f, WARN,
				"%s lists none, and no range is discovered, so that nothing is "
				"anybody's: add them, or set [customers] auto",
				path);
	else if (count > config->capacity)
		nfm_finding_say(f, WARN,
				"%" PRIu32 " are listed, the table has room for %" PRIu32
				": raise [collector] capacity",
				count, config->capacity);
	else
		nfm_finding_say(f, OK, "%" PRIu32 " listed, %u ranges in which they are discovered",
				count, config->auto_count);
}

static void check_agent(const struct nfm_doctor *d, struct nfm_finding *f)
{
	if (!d->agent_error)
		nfm_finding_say(f, OK, "running, pid %" PRIu64, d->agent_pid);
	else if (d->agent_error != -ECONNREFUSED)
		nfm_finding_say(f, FAIL, "%s", d->agent_reason.text);
	else if (d->table_error == -ENOENT)
		nfm_finding_say(f, WARN, "not running, and never was: `nfmeter run` starts it");
	else
		nfm_finding_say(f, FAIL,
				"not running: nothing is written, what the kernel cannot decide is "
				"lost: `nfmeter run` starts it");
	if (d->snapshot_error[0])
		nfm_finding_say(f, FAIL, "it cannot write snapshots: %s", d->snapshot_error);
}

static void check_table(const struct nfm_doctor *d, struct nfm_finding *f)
{
	if (!d->table_error)
		nfm_finding_say(f, OK, "%s, room for %" PRIu32 " customers",
				d->table.in_maps ? "in BPF maps" : "in a file, without XDP",
				nfm_table_customers(&d->table.geometry));
	else if (d->table_error == -ENOENT)
		nfm_finding_say(f, WARN, "none yet: the exporters were not looked at");
	else
		nfm_finding_say(f, FAIL, "%s", d->table_reason.text);
}

/* By hand is a way like any other, so that it is no fault; but nobody renews such a program. */
static void check_datapath(const struct nfm_doctor *d, struct nfm_finding *f)
{
	uint64_t build = nfm_build_of(&d->table.geometry);
	char text[NFM_BUILD_TEXT];

	nfm_build_text(build, text);
	if (!d->table.in_maps)
		nfm_finding_say(f, OK, "none is needed without XDP");
	else if (!build)
		nfm_finding_say(f, OK,
				"loaded by hand, by `ip link` or bpftool: the agent leaves it in "
				"place, also if it is older than the agent");
	else if (build == nfm_xdp_build())
		nfm_finding_say(f, OK, "of this build, %s", text);
	else
		nfm_finding_say(f, WARN,
				"of another build, %s: restart the agent: it takes over without a "
				"gap, and its log says so",
				text);
}

const struct nfm_check nfm_doctor_machine[] = {
	{ "configuration", 0, check_configuration },
	{ "kernel", NFM_NEEDS_CONFIG, check_kernel },
	{ "bpffs", NFM_NEEDS_CONFIG, check_bpffs },
	{ "interfaces", NFM_NEEDS_CONFIG, check_interfaces },
	{ "mtu", NFM_NEEDS_CONFIG, check_mtu },
	{ "socket-buffer", NFM_NEEDS_CONFIG, check_socket_buffer },
	{ "directory", NFM_NEEDS_CONFIG, check_directory },
	{ "expiry", NFM_NEEDS_CONFIG, check_expiry },
	{ "customers", NFM_NEEDS_CONFIG, check_customers },
	{ "agent", NFM_NEEDS_CONFIG, check_agent },
	{ "table", NFM_NEEDS_CONFIG, check_table },
	{ "datapath", NFM_NEEDS_CONFIG | NFM_NEEDS_TABLE, check_datapath },
	{ "http", NFM_NEEDS_CONFIG, nfm_doctor_http },
	{ NULL, 0, NULL },
};
