// SPDX-License-Identifier: GPL-2.0-only
#include "view/metrics_text.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"

#define PREFIX "nfmeter_"

enum type { TYPE_GAUGE, TYPE_COUNTER, TYPE_INFO };
enum unit { UNIT_NONE, UNIT_SECONDS, UNIT_BYTES };

#define ENTRY(id, name, type, unit, source, labels, help)                                          \
	[NFM_METRIC_##id] = { #name, help, TYPE_##type, UNIT_##unit, NFM_METRIC_##source },
static const struct {
	const char *name, *help;
	enum type type;
	enum unit unit;
	enum nfm_metric_source source;
} metrics[] = { NFM_METRICS(ENTRY) };
#undef ENTRY

static const char *const types[] = { "gauge", "counter", "info" };
static const char *const units[] = { NULL, "seconds", "bytes" };
/* What the names of a type's samples end with. */
static const char *const endings[] = { "", "_total", "_info" };

/* Where each format has it: Prometheus knows no family beside the samples' name, and no info. */
static void write_head(struct nfm_metrics_text *m)
{
	const char *name = metrics[m->open].name, *help = metrics[m->open].help;
	enum type type = metrics[m->open].type;

	if (m->format == NFM_METRICS_PROMETHEUS) {
		fprintf(m->to, "# HELP " PREFIX "%s%s %s\n# TYPE " PREFIX "%s%s %s\n", name,
			endings[type], help, name, endings[type],
			types[type == TYPE_INFO ? TYPE_GAUGE : type]);
		return;
	}
	fprintf(m->to, "# TYPE " PREFIX "%s %s\n", name, types[type]);
	if (metrics[m->open].unit)
		fprintf(m->to, "# UNIT " PREFIX "%s %s\n", name, units[metrics[m->open].unit]);
	fprintf(m->to, "# HELP " PREFIX "%s %s\n", name, help);
}

void nfm_metrics_begin(struct nfm_metrics_text *m, enum nfm_metric metric)
{
	m->used = 0;
	m->labels[0] = '\0';
	if (m->any && m->open == metric)
		return;
	m->any = true;
	m->open = metric;
	write_head(m);
}

/* ---- labels ---- */

static void put(struct nfm_metrics_text *m, const char *text, size_t len)
{
	if (m->used + len >= sizeof(m->labels)) {
		m->used = sizeof(m->labels); /* full: nothing more fits */
		return;
	}
	memcpy(m->labels + m->used, text, len);
	m->used += len;
	m->labels[m->used] = '\0';
}

/* Bytes of the UTF-8 character at `at`, a NUL behind the text; 0: it is none. */
static size_t character(const unsigned char *at)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t lowest;
	} forms[] = { { 0x80, 0, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 },
		      { 0xf8, 0xf0, 0x10000 } };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		uint32_t code = at[0] & (unsigned char)~forms[i].mask;
		size_t more = 0;

		if ((at[0] & forms[i].mask) != forms[i].lead)
			continue;
		while (more < i && (at[more + 1] & 0xc0) == 0x80)
			code = code << 6 | (at[++more] & 0x3f);
		if (more < i || code < forms[i].lowest || code > 0x10ffff ||
		    (code >= 0xd800 && code <= 0xdfff))
			return 0;
		return i + 1;
	}
	return 0;
}

static void put_escaped(struct nfm_metrics_text *m, const char *value)
{
	while (*value) {
		size_t len = character((const unsigned char *)value);

		if (*value == '"' || *value == '\\')
			put(m, "\\", 1);
		if (*value == '\n')
			put(m, "\\n", 2);
		else if (len)
			put(m, value, len);
		else
			put(m, "\xef\xbf\xbd", 3); /* U+FFFD */
		value += len ? len : 1;
	}
}

void nfm_metrics_label(struct nfm_metrics_text *m, const char *name, const char *value)
{
	size_t before = m->used;

	put(m, before ? "," : "{", 1);
	put(m, name, strlen(name));
	put(m, "=\"", 2);
	put_escaped(m, value);
	put(m, "\"", 1);
	if (m->used < sizeof(m->labels) - 1) /* the brace that ends them has room, too */
		return;
	m->used = before;
	m->labels[before] = '\0';
}

void nfm_metrics_label_u64(struct nfm_metrics_text *m, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	nfm_metrics_label(m, name, text);
}

/* ---- values ---- */

/* Seconds without the zeroes at their end: "1700000000", "0.25". */
static void format_ns(uint64_t ns, char text[40])
{
	int len = snprintf(text, 40, "%llu.%09llu", ns / NFM_NS_PER_S, ns % NFM_NS_PER_S);

	while (text[len - 1] == '0')
		text[--len] = '\0';
	if (text[len - 1] == '.')
		text[len - 1] = '\0';
}

static void write_sample(struct nfm_metrics_text *m, const char *ending, const char *value)
{
	fprintf(m->to, PREFIX "%s%s%s%s %s\n", metrics[m->open].name, ending, m->labels,
		m->used ? "}" : "", value);
}

static void write_value(struct nfm_metrics_text *m, const char *value)
{
	enum type type = metrics[m->open].type;
	uint64_t created_ns = m->created_ns[metrics[m->open].source];
	char text[40];

	write_sample(m, endings[type], value);
	if (type != TYPE_COUNTER || !created_ns || m->format == NFM_METRICS_PROMETHEUS)
		return;
	format_ns(created_ns, text);
	write_sample(m, "_created", text);
}

void nfm_metrics_u64(struct nfm_metrics_text *m, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	write_value(m, text);
}

void nfm_metrics_ns(struct nfm_metrics_text *m, uint64_t ns)
{
	char text[40];

	format_ns(ns, text);
	write_value(m, text);
}

void nfm_metrics_put(struct nfm_metrics_text *m, enum nfm_metric metric, uint64_t value)
{
	nfm_metrics_begin(m, metric);
	nfm_metrics_u64(m, value);
}

void nfm_metrics_put_ns(struct nfm_metrics_text *m, enum nfm_metric metric, uint64_t ns)
{
	nfm_metrics_begin(m, metric);
	nfm_metrics_ns(m, ns);
}

void nfm_metrics_put_by(struct nfm_metrics_text *m, enum nfm_metric metric, const char *name,
			const char *value, uint64_t count)
{
	nfm_metrics_begin(m, metric);
	nfm_metrics_label(m, name, value);
	nfm_metrics_u64(m, count);
}

void nfm_metrics_end(struct nfm_metrics_text *m)
{
	if (m->format == NFM_METRICS_OPENMETRICS)
		fputs("# EOF\n", m->to);
}
