// SPDX-License-Identifier: GPL-2.0-only
/* `status`: what runs, what is attached where, what arrived and what became of it. */
#include "view/document.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/link.h"
#include "base/units.h"
#include "view/accounts.h"
#include "view/ask.h"
#include "view/version.h"
#include "view/view.h"
#include "xdp/build.h"

static void write_interface(struct nfm_output *out, const char *name, const char *mode,
			    uint64_t program_id)
{
	nfm_output_object(out, NULL);
	nfm_output_string(out, "name", name);
	nfm_output_string(out, "mode", mode);
	nfm_output_u64(out, "program_id", program_id);
	nfm_output_end(out);
	if (program_id)
		nfm_output_line(out, "interface  %s: %s, program %" PRIu64, name, mode, program_id);
	else
		nfm_output_line(out, "interface  %s: %s", name, mode);
}

/* What the NICs themselves say, where no agent runs to be asked. */
static void write_configured_interfaces(struct nfm_output *out, const struct nfm_config *config)
{
	uint32_t ours = nfm_table_pins_program(config->pin);
	unsigned int i;

	for (i = 0; i < config->interface_count; i++) {
		enum nfm_link_xdp mode;
		uint32_t program_id;
		int err = nfm_link_xdp_query(config->interfaces[i], &mode, &program_id);

		if (err)
			fprintf(stderr, "nfmeter: interface %s: %s\n", config->interfaces[i],
				strerror(-err));
		if (err || program_id != ours) { /* nothing, or somebody else's */
			mode = NFM_LINK_XDP_NONE;
			program_id = 0;
		}
		write_interface(out, config->interfaces[i], nfm_link_xdp_name(mode), program_id);
	}
}

static void write_interfaces(struct nfm_output *out, const struct nfm_config *config,
			     yajl_val agent)
{
	yajl_val list = nfm_ask_member(agent, "interfaces", yajl_t_array);
	size_t i;

	nfm_output_array(out, "interfaces");
	if (list) {
		for (i = 0; i < YAJL_GET_ARRAY(list)->len; i++) {
			yajl_val entry = YAJL_GET_ARRAY(list)->values[i];

			write_interface(out, nfm_ask_string(entry, "name", "?"),
					nfm_ask_string(entry, "mode", "none"),
					nfm_ask_u64(entry, "program_id", 0));
		}
	} else if (config) {
		write_configured_interfaces(out, config);
	}
	nfm_output_end(out);
}

/* Which build's program counts: the agent's next start makes it its own. */
static void write_datapath(struct nfm_output *out, const struct nfm_table *t)
{
	uint64_t build = nfm_build_of(&t->geometry);
	char have[NFM_BUILD_TEXT], ours[NFM_BUILD_TEXT];

	nfm_build_text(build, have);
	nfm_build_text(nfm_xdp_build(), ours);
	nfm_output_object(out, "datapath");
	nfm_output_string(out, "build", build ? have : NULL);
	nfm_output_bool(out, "current", build && build == nfm_xdp_build());
	nfm_output_end(out);
	if (!t->in_maps)
		nfm_output_line(out, "datapath   none: the agent takes all from its UDP socket");
	else if (!build)
		nfm_output_line(out, "datapath   loaded by hand: its build is not known");
	else if (build == nfm_xdp_build())
		nfm_output_line(out, "datapath   build %s, as of this nfmeter", have);
	else
		nfm_output_line(out, "datapath   build %s, this nfmeter's is %s: the agent's next "
				     "start takes over",
				have, ours);
}

static void write_agent(struct nfm_output *out, yajl_val agent)
{
	uint64_t pid = nfm_ask_u64(agent, "pid", 0);

	nfm_output_object(out, "agent");
	nfm_output_bool(out, "running", agent != NULL);
	nfm_output_u64(out, "pid", pid);
	nfm_output_end(out);
	if (agent)
		nfm_output_line(out, "agent      running, pid %" PRIu64, pid);
	else
		nfm_output_line(out, "agent      not running: `nfmeter run` starts it");
}

static void write_account(struct nfm_output *out, const char *key,
			  const struct nfm_verdicts *account, uint64_t undecided)
{
	char note[64] = "";

	nfm_output_object(out, key);
	nfm_output_u64(out, "received", account->received);
	nfm_output_u64(out, "kernel", account->kernel);
	nfm_output_u64(out, "agent", account->agent);
	nfm_output_u64(out, "rejected", account->rejected);
	nfm_output_end(out);
	if (undecided)
		snprintf(note, sizeof(note), ", %" PRIu64 " waiting for the agent", undecided);
	nfm_output_line(out,
			"%-10s %" PRIu64 " received: %" PRIu64 " counted in the kernel, %" PRIu64
			" by the agent, %" PRIu64 " rejected%s",
			key, account->received, account->kernel, account->agent,
			account->rejected, note);
}

static void write_reasons(struct nfm_output *out, const struct nfm_accounts *accounts)
{
	uint32_t i;

	nfm_output_object(out, "reasons");
	for (i = 0; i < NFM_REASON_ROWS; i++) {
		uint64_t count = nfm_accounts_reason(accounts, i);

		if (!count)
			continue;
		nfm_output_u64(out, nfm_reason_name(i), count);
		nfm_output_line(out, "  %-16s %12" PRIu64 "  %s", nfm_reason_name(i), count,
				nfm_reason_help(i));
	}
	nfm_output_end(out);
}

/* A number of the agent's, as null where no agent says it. */
static bool write_or_null(struct nfm_output *out, const char *key, yajl_val object,
			  const char *member, uint64_t divisor, unsigned int decimals)
{
	if (!nfm_ask_member(object, member, yajl_t_number)) {
		nfm_output_null(out, key);
		return false;
	}
	nfm_output_decimal(out, key, nfm_ask_u64(object, member, 0) / divisor, decimals);
	return true;
}

static void write_newest(struct nfm_output *out, yajl_val rotation)
{
	char bytes[32];

	write_or_null(out, "bytes", rotation, "bytes", 1, 0);
	write_or_null(out, "duration_seconds", rotation, "duration_ns", NFM_NS_PER_MS, 3);
	if (!write_or_null(out, "lag_seconds", rotation, "lag_ns", NFM_NS_PER_MS, 3))
		return;
	nfm_output_line(out, "  %s in %.3f s, in place %.3f s after its interval",
			nfm_output_format_bytes(out, nfm_ask_u64(rotation, "bytes", 0), bytes,
						sizeof(bytes)),
			(double)nfm_ask_u64(rotation, "duration_ns", 0) / NFM_NS_PER_S,
			(double)nfm_ask_u64(rotation, "lag_ns", 0) / NFM_NS_PER_S);
}

static void write_disk(struct nfm_output *out, yajl_val agent)
{
	yajl_val disk = nfm_ask_member(agent, "disk", yajl_t_object);
	char free_text[32], size_text[32];

	nfm_output_object(out, "disk");
	write_or_null(out, "free_bytes", disk, "free_bytes", 1, 0);
	if (write_or_null(out, "size_bytes", disk, "size_bytes", 1, 0))
		nfm_output_line(out, "disk       %s free of %s",
				nfm_output_format_bytes(out, nfm_ask_u64(disk, "free_bytes", 0),
							free_text, sizeof(free_text)),
				nfm_output_format_bytes(out, nfm_ask_u64(disk, "size_bytes", 0),
							size_text, sizeof(size_text)));
	nfm_output_end(out);
}

static void write_snapshot(struct nfm_output *out, const struct nfm_table *t, yajl_val agent)
{
	const char *error = nfm_ask_string(agent, "snapshot_error", NULL);
	const char *nfdump_error = nfm_ask_string(agent, "nfdump_error", NULL);
	char last[sizeof(t->ctl->last_snapshot) + 1] = "";

	memcpy(last, t->ctl->last_snapshot, sizeof(t->ctl->last_snapshot));
	nfm_output_object(out, "snapshot");
	nfm_output_string(out, "last", *last ? last : NULL);
	nfm_output_u64(out, "epoch", *last ? t->ctl->committed : 0);
	nfm_output_string(out, "error", error);
	nfm_output_string(out, "nfdump_error", nfdump_error);
	nfm_output_line(out, "snapshot   %s", *last ? last : "none yet");
	write_newest(out, nfm_ask_member(agent, "rotation", yajl_t_object));
	nfm_output_end(out);
	if (error)
		nfm_output_line(out, "  no newer one can be written; counting goes on: %s", error);
	if (nfdump_error)
		nfm_output_line(out, "  no nfdump file beside it: %s", nfdump_error);
}

static void write_hook(struct nfm_output *out, yajl_val agent)
{
	yajl_val hook = nfm_ask_member(agent, "hook", yajl_t_object);
	uint64_t backlog = nfm_ask_u64(hook, "backlog", 0);
	uint64_t failures = nfm_ask_u64(hook, "failures", 0);

	if (!hook)
		return;
	nfm_output_object(out, "hook");
	nfm_output_u64(out, "backlog", backlog);
	nfm_output_u64(out, "failures", failures);
	nfm_output_end(out);
	if (backlog || failures)
		nfm_output_line(out,
				"hook       %" PRIu64 " runs behind, %" PRIu64
				" failed: see the agent's log",
				backlog, failures);
}

/* Data sets whose template has not come yet. */
static void write_waiting(struct nfm_output *out, const struct nfm_accounts *accounts)
{
	uint64_t now_ns = nfm_clock_monotonic_ns();
	uint64_t oldest_ns = accounts->waiting_oldest_ns;
	uint64_t oldest_s = now_ns > oldest_ns ? (now_ns - oldest_ns) / NFM_NS_PER_S : 0;
	char bytes[32];

	nfm_output_object(out, "waiting");
	nfm_output_u64(out, "sets", accounts->waiting_sets);
	nfm_output_u64(out, "bytes", accounts->waiting_bytes);
	if (accounts->waiting_sets)
		nfm_output_u64(out, "oldest_seconds", oldest_s);
	else
		nfm_output_null(out, "oldest_seconds");
	nfm_output_end(out);
	if (accounts->waiting_sets)
		nfm_output_line(out,
				"waiting    %" PRIu64 " data sets (%s) for their template, the "
				"oldest for %" PRIu64 " s",
				accounts->waiting_sets,
				nfm_output_format_bytes(out, accounts->waiting_bytes, bytes,
							sizeof(bytes)),
				oldest_s);
}

/* How far back bytes find the slot in which they were sent. */
static void write_earlier(struct nfm_output *out, const struct nfm_table *t)
{
	uint64_t memory = t->geometry.earlier_slots ?
				  nfm_table_earlier_count(&t->geometry) * sizeof(*t->earlier) :
				  0;
	uint64_t slot_s = t->ctl->slot_ms[t->ctl->epoch & 1] / 1000;
	uint64_t reach_s = slot_s * t->geometry.earlier_slots;
	char bytes[32];

	nfm_output_object(out, "earlier");
	nfm_output_u64(out, "slots", t->geometry.earlier_slots);
	nfm_output_u64(out, "slot_seconds", slot_s);
	nfm_output_u64(out, "reach_seconds", reach_s);
	nfm_output_u64(out, "memory_bytes", memory);
	nfm_output_end(out);
	nfm_output_line(out, "earlier    %u slots of %" PRIu64 " s: %" PRIu64 " min back, %s",
			t->geometry.earlier_slots, slot_s, reach_s / 60,
			nfm_output_format_bytes(out, memory, bytes, sizeof(bytes)));
}

static void write_http(struct nfm_output *out, yajl_val agent)
{
	yajl_val http = nfm_ask_member(agent, "http", yajl_t_object);
	const char *listen = nfm_ask_string(http, "listen", NULL);
	uint64_t pid = nfm_ask_u64(http, "pid", 0);
	uint64_t restarts = nfm_ask_u64(http, "restarts", 0);

	nfm_output_object(out, "http");
	nfm_output_string(out, "listen", listen);
	if (pid)
		nfm_output_u64(out, "pid", pid);
	else
		nfm_output_null(out, "pid");
	nfm_output_u64(out, "restarts", restarts);
	nfm_output_end(out);
	if (listen && pid)
		nfm_output_line(out, "http       %s", listen);
	else if (listen)
		nfm_output_line(out, "http       %s: not running, it is tried again: see the "
				     "agent's log", listen);
}

/* Settings that wait for a start of the agent. */
static void write_pending(struct nfm_output *out, yajl_val agent)
{
	yajl_val pending = nfm_ask_member(agent, "pending", yajl_t_array);

	nfm_output_array(out, "pending");
	for (size_t i = 0; pending && i < pending->u.array.len; i++) {
		const char *key = YAJL_GET_STRING(pending->u.array.values[i]);

		nfm_output_string(out, NULL, key);
		nfm_output_line(out, "  %s has changed: it takes effect when the agent starts",
				key);
	}
	nfm_output_end(out);
}

void nfm_document_status(struct nfm_output *out, const struct nfm_config *config,
			 const struct nfm_table *t, yajl_val agent)
{
	struct nfm_accounts read, *accounts = &read;

	nfm_accounts_read(t, accounts);
	nfm_output_object(out, NULL);
	nfm_output_string(out, "version", NFM_VERSION);
	write_agent(out, agent);
	write_interfaces(out, config, agent);
	write_datapath(out, t);
	write_account(out, "datagrams", &accounts->datagrams, accounts->undecided);
	write_account(out, "records", &accounts->records, 0);
	write_reasons(out, accounts);
	nfm_output_u64(out, "customers", accounts->customers);
	nfm_output_u64(out, "capacity", nfm_table_customers(&t->geometry));
	nfm_output_line(out, "customers  %" PRIu64 " of %u", accounts->customers,
			nfm_table_customers(&t->geometry));
	write_snapshot(out, t, agent);
	nfm_output_u64(out, "undecided", accounts->undecided);
	write_earlier(out, t);
	write_waiting(out, accounts);
	write_hook(out, agent);
	write_disk(out, agent);
	write_http(out, agent);
	write_pending(out, agent);
	nfm_output_end(out);
}
