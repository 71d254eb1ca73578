// SPDX-License-Identifier: GPL-2.0-only
/* Checks of the exporters: who sends, and whether what they send can be right. */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/doctor.h"
#include "flow/store.h"
#include "table/waiting.h"
#include "view/advice.h"
#include "wire.h"

#define WHYS_SHOWN 4U

#define OK NFM_HEALTH_OK
#define WARN NFM_HEALTH_WARN
#define FAIL NFM_HEALTH_FAIL

/* Word of a row that a count of the notes is. */
#define WORD(member) (offsetof(struct nfm_row, notes.member) / sizeof(__u64))

static void add_exporter(struct nfm_finding_names *names, const struct nfm_exporter_view *exporter)
{
	char label[128];

	nfm_finding_name(names, nfm_exporters_label(exporter, label, sizeof(label)));
}

/* Those in a state; "refused" are sources. */
static struct nfm_finding_names in_state(const struct nfm_doctor *d, const char *state)
{
	struct nfm_finding_names names = { .count = 0 };

	for (uint32_t i = 0; i < d->exporters.count; i++)
		if (!strcmp(d->exporters.list[i].state, state))
			add_exporter(&names, &d->exporters.list[i]);
	return names;
}

static void check_exporters(const struct nfm_doctor *d, struct nfm_finding *f)
{
	struct nfm_finding_names ok = in_state(d, "ok");
	struct nfm_finding_names never = in_state(d, "never");
	struct nfm_finding_names stale = in_state(d, "stale");
	struct nfm_finding_names refused = in_state(d, "refused");
	enum nfm_health silent = ok.count ? WARN : FAIL; /* nothing at all is metered */

	if (ok.count)
		nfm_finding_say(f, OK, "%u send", ok.count);
	if (never.count)
		nfm_finding_say(f, silent,
				"never sent: %s: RouterOS's /ip traffic-flow print has to show "
				"enabled: yes, its target print this machine and port %u",
				never.text, d->config.ports[0]);
	if (stale.count)
		nfm_finding_say(f, silent, "silent for two intervals: %s: look at router and path",
				stale.text);
	if (refused.count)
		nfm_finding_say(f, WARN,
				"refused: %s: add [exporter NAME] with its address, or set "
				"[collector] exporters = any",
				refused.text);
	if (!f->text[0])
		nfm_finding_say(f, WARN,
				"none has sent yet: let a router export to this machine, port %u",
				d->config.ports[0]);
}

static void check_source(const struct nfm_doctor *d, struct nfm_finding *f)
{
	for (uint32_t i = 0; i < d->exporters.count; i++) {
		const struct nfm_exporter_view *e = &d->exporters.list[i];

		if (!nfm_exporters_is_unspecified(&e->addr) || !e->datagrams)
			continue;
		nfm_finding_say(f, WARN, "%s", NFM_ADVICE_UNSPECIFIED);
		if (!d->table.in_maps)
			nfm_finding_say(f, FAIL,
					"without XDP the network stack drops what comes from it");
		return;
	}
	nfm_finding_say(f, OK, "no router sends from 0.0.0.0");
}

static void check_note(const struct nfm_doctor *d, struct nfm_finding *f, unsigned int word,
		       const char *advice, const char *fine)
{
	struct nfm_finding_names names = { .count = 0 };
	uint64_t count = 0;

	for (uint32_t i = 0; i < d->exporters.count; i++) {
		const struct nfm_exporter_view *e = &d->exporters.list[i];

		if (!e->notes.word[word])
			continue;
		add_exporter(&names, e);
		count += e->notes.word[word];
	}
	if (names.count)
		nfm_finding_say(f, WARN, "%s: %" PRIu64 " %s", names.text, count, advice);
	else
		nfm_finding_say(f, OK, "%s", fine);
}

static void check_wraps(const struct nfm_doctor *d, struct nfm_finding *f)
{
	check_note(d, f, WORD(wrapped), NFM_ADVICE_WRAPPED, "no byte counter has wrapped");
}

static void check_implausible(const struct nfm_doctor *d, struct nfm_finding *f)
{
	check_note(d, f, WORD(implausible), NFM_ADVICE_IMPLAUSIBLE,
		   "rates and packet sizes can be true");
}

static void check_netflow_v5(const struct nfm_doctor *d, struct nfm_finding *f)
{
	const struct nfm_advice_of of = {
		.table = &d->table,
		.interval_s = nfm_view_interval_s(&d->table, d->config.interval_s),
	};
	struct nfm_finding_names names = { .count = 0 };

	for (uint32_t i = 0; i < d->exporters.count; i++) {
		const struct nfm_exporter_view *e = &d->exporters.list[i];

		if (nfm_advice_has_fixed_version(&of, e))
			add_exporter(&names, e);
	}
	if (names.count)
		nfm_finding_say(f, WARN, "%s: " NFM_ADVICE_FIXED_VERSION, names.text);
	else
		nfm_finding_say(f, OK, "nobody sends v1, v5 or v7");
}

/* ---- sampling ---- */

static void on_sampler(void *cookie, const struct nfm_store_change *change)
{
	const struct nfm_sampler *sampler = change->sampler;
	struct nfm_finding_names *announced = cookie;
	char addr[46], text[96];

	if (!sampler || sampler->sampling.num == sampler->sampling.den)
		return;
	nfm_units_format_addr(&sampler->stream.exporter, addr, sizeof(addr));
	snprintf(text, sizeof(text), "%s %" PRIu32 "/%" PRIu32, addr, sampler->sampling.num,
		 sampler->sampling.den);
	nfm_finding_name(announced, text);
}

static void check_sampling(const struct nfm_doctor *d, struct nfm_finding *f)
{
	struct nfm_finding_names announced = { .count = 0 };
	struct nfm_finding_names names = { .count = 0 };
	const struct nfm_addr *last = NULL;
	char addr[46];

	if (d->templates.store)
		nfm_store_each(d->templates.store, on_sampler, &announced);
	if (announced.count)
		nfm_finding_say(f, OK, "announced, and multiplied with where auto is set: %s",
				announced.text);
	for (uint32_t i = 0; i < d->templates.count; i++) {
		const struct nfm_template_view *view = &d->templates.list[i];
		const struct nfm_addr *exporter = &view->template->name.exporter;

		if (!nfm_advice_has_unbelieved_rate(&d->table, view) ||
		    (last && !memcmp(last, exporter, sizeof(*last))))
			continue;
		last = exporter;
		nfm_finding_name(&names, nfm_units_format_addr(exporter, addr, sizeof(addr)));
	}
	if (names.count)
		nfm_finding_say(f, WARN, "%s: " NFM_ADVICE_SAMPLING, names.text);
	if (!f->text[0])
		nfm_finding_say(f, OK, "nobody announces any");
}

/* ---- templates ---- */

/* One reason why the kernel does not decode, and of how many templates. */
struct why {
	const char *text;
	uint32_t count;
};

static uint32_t collect_whys(const struct nfm_templates_view *view, struct why *list, uint32_t size)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < view->count; i++) {
		const char *text = view->list[i].why;
		uint32_t k = 0;

		if (!text || view->list[i].template->options)
			continue;
		while (k < count && strcmp(list[k].text, text) != 0)
			k++;
		if (k == size)
			continue;
		list[k].text = text;
		list[k].count = k < count ? list[k].count + 1 : 1;
		count = NFM_MAX(count, k + 1);
	}
	return count;
}

static void check_templates(const struct nfm_doctor *d, struct nfm_finding *f)
{
	struct why whys[WHYS_SHOWN];
	uint32_t count;

	if (d->templates_error) {
		nfm_finding_say(f, FAIL, "%s", d->templates_reason.text);
		return;
	}
	if (d->templates.damaged)
		nfm_finding_say(f, WARN, "%" PRIu32 " damaged entries of the file were left out",
				d->templates.damaged);
	nfm_finding_say(f, OK, "%" PRIu32 " known", d->templates.count);
	if (!d->table.in_maps)
		return; /* without XDP the agent decodes all */
	count = collect_whys(&d->templates, whys, WHYS_SHOWN);
	for (uint32_t i = 0; i < count; i++)
		nfm_finding_say(f, WARN, "%s%" PRIu32 ": %s",
				i ? "" : "decoded by the agent, right but slower: ", whys[i].count,
				whys[i].text);
}

static void check_waiting(const struct nfm_doctor *d, struct nfm_finding *f)
{
	uint64_t sets, bytes, oldest_ns;
	uint64_t age_s = 0;

	check_note(d, f, WORD(given_up), NFM_ADVICE_GIVEN_UP, "no data set was given up");
	nfm_waiting_count(&d->table, &sets, &bytes, &oldest_ns);
	if (!sets)
		return;
	if (d->now.monotonic_ns > oldest_ns)
		age_s = (d->now.monotonic_ns - oldest_ns) / NFM_NS_PER_S;
	nfm_finding_say(f, WARN,
			"%" PRIu64 " wait for their template, the oldest for %" PRIu64
			" s: they count when it comes (RouterOS: /ip traffic-flow target set "
			"[find] v9-template-timeout=1m)",
			sets, age_s);
}

/* ---- loss and limits ---- */

static void check_loss(const struct nfm_doctor *d, struct nfm_finding *f)
{
	struct nfm_finding_names names = { .count = 0 };

	for (uint32_t i = 0; i < d->exporters.count; i++) {
		const struct nfm_exporter_view *e = &d->exporters.list[i];
		double sent = (double)e->lost + (double)e->received;
		char label[128], text[160];

		if (!e->lost)
			continue;
		snprintf(text, sizeof(text), "%.2f%% of %s", 100 * (double)e->lost / sent,
			 nfm_exporters_label(e, label, sizeof(label)));
		nfm_finding_name(&names, text);
	}
	if (names.count)
		nfm_finding_say(f, WARN,
				"%s lost on the way, as the sequence numbers say: look for drops "
				"on the path, on the NIC (ethtool -S), and at `limits`",
				names.text);
	else
		nfm_finding_say(f, OK, "no gap in any sequence");
}

/* What had no room; each reason's own help says what to do. */
static void check_limits(const struct nfm_doctor *d, struct nfm_finding *f)
{
	static const uint16_t reasons[] = {
		NFM_REASON_RING_FULL,	   NFM_REASON_SOCKET_FULL, NFM_REASON_CUSTOMERS_FULL,
		NFM_REASON_EXPORTERS_FULL, NFM_REASON_WAIT_FULL,   NFM_REASON_TEMPLATES_FULL,
	};
	struct nfm_row row;

	for (size_t i = 0; i < NFM_ARRAY_SIZE(reasons); i++) {
		nfm_table_sum(&d->table, nfm_table_reason_row(&d->table, reasons[i]), &row);
		if (row.reason.datagrams || row.reason.records)
			nfm_finding_say(f, WARN, "%" PRIu64 " %s: %s",
					(uint64_t)NFM_MAX(row.reason.datagrams, row.reason.records),
					nfm_reason_name(reasons[i]), nfm_reason_help(reasons[i]));
	}
	if (!f->text[0])
		nfm_finding_say(f, OK, "nothing was too small");
}

#define LONGEST_FLOW_S 1800U /* RouterOS's active timeout by default */

/* Whether a long flow's bytes find the time in which they were sent. */
static void check_earlier(const struct nfm_doctor *d, struct nfm_finding *f)
{
	const struct nfm_ctl *ctl = d->table.ctl;
	uint64_t slot_s = ctl->slot_ms[ctl->epoch & 1] / 1000;
	uint64_t reach_s = slot_s * d->table.geometry.earlier_slots;
	struct nfm_row old;

	nfm_table_sum(&d->table, nfm_table_reason_row(&d->table, NFM_REASON_EARLIER_OLDEST),
		      &old);
	if (!reach_s)
		nfm_finding_say(f, WARN,
				"all bytes stand where they were reported, long flows in one "
				"bar: raise [collector] earlier-memory, for a new table");
	else if (reach_s < LONGEST_FLOW_S)
		nfm_finding_say(f, WARN,
				"bytes find their slot for %" PRIu64 " min back, flows may last "
				"30: raise [collector] earlier-memory, for a new table",
				reach_s / 60);
	else
		nfm_finding_say(f, OK, "bytes find their slot for %" PRIu64 " min back",
				reach_s / 60);
	if (old.reason.records)
		nfm_finding_say(f, WARN, "%" PRIu64 " " NFM_ADVICE_LONG_FLOWS,
				(uint64_t)old.reason.records);
}

const struct nfm_check nfm_doctor_traffic[] = {
	{ "exporters", NFM_NEEDS_CONFIG | NFM_NEEDS_TABLE, check_exporters },
	{ "source-address", NFM_NEEDS_CONFIG | NFM_NEEDS_TABLE, check_source },
	{ "wraps", NFM_NEEDS_CONFIG | NFM_NEEDS_TABLE, check_wraps },
	{ "implausible", NFM_NEEDS_CONFIG | NFM_NEEDS_TABLE, check_implausible },
	{ "netflow-v5", NFM_NEEDS_CONFIG | NFM_NEEDS_TABLE, check_netflow_v5 },
	{ "sampling", NFM_NEEDS_CONFIG | NFM_NEEDS_TABLE, check_sampling },
	{ "templates", NFM_NEEDS_CONFIG | NFM_NEEDS_TABLE, check_templates },
	{ "waiting", NFM_NEEDS_CONFIG | NFM_NEEDS_TABLE, check_waiting },
	{ "loss", NFM_NEEDS_CONFIG | NFM_NEEDS_TABLE, check_loss },
	{ "limits", NFM_NEEDS_CONFIG | NFM_NEEDS_TABLE, check_limits },
	{ "earlier-slots", NFM_NEEDS_CONFIG | NFM_NEEDS_TABLE, check_earlier },
	{ NULL, 0, NULL },
};
