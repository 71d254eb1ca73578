// SPDX-License-Identifier: GPL-2.0-only
/* The full-screen view of `top`, with ncurses. */
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/top_view.h"
#include "view/text.h"
#include "view/top.h"

#define HEAD_LINES 5 /* three of sums, an empty one, the headings */
#define MAX_ROWS 100000U
#define KEY_ESCAPE 27
#define WIDE 104 /* characters of a window that has room for everything */

enum tab { TAB_CUSTOMERS, TAB_EXPORTERS };

struct view {
	struct nfm_top *top;
	struct nfm_view_customer customer;
	enum nfm_top_order order;
	enum tab tab;
	uint32_t offset; /* lines scrolled away */
	bool exact;
	bool done;
	uint32_t *rows; /* MAX_ROWS */
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* ---- drawing ---- */

static const char *rate_text(const struct view *view, uint64_t bytes, char *buf, size_t size)
{
	uint64_t bps = nfm_top_bps(view->top, bytes);

	if (view->exact)
		snprintf(buf, size, "%" PRIu64, bps);
	else
		nfm_units_format_count(bps, "b/s", buf, size);
	return buf;
}

/* `text` at a place, cut and padded to `width` characters, made harmless. */
static void put_text(int line, int column, int width, const char *text)
{
	_cleanup_free_ char *scratch = NULL;
	const char *clean = nfm_text_clean(text, true, &scratch);
	int used = 0;
	size_t size = 0;

	if (!clean || width <= 0)
		return;
	while (clean[size] && used < width) {
		size++;
		while (((unsigned char)clean[size] & 0xc0) == 0x80)
			size++;
		used++;
	}
	mvaddnstr(line, column, clean, (int)size);
}

/* Formatted, and cut at the window's edge. */
static void put_line(int line, int column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void put_line(int line, int column, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_text(line, column, COLS - column, text);
}

static void draw_head(const struct view *view)
{
	const struct nfm_top *top = view->top;
	const struct nfm_top_sums *sums = &top->sums;
	const struct nfm_top_sums *since = &top->sums_since;
	char now[64], up[32], down[32], total[32];

	put_line(0, 0, "nfmeter  %s  %u customers  %u of %u exporters active",
		 nfm_units_format_local(top->now.unix_ns, now, sizeof(now)),
		 top->names - NFM_ROW_FIRST, nfm_top_active(top), top->exporters.count);
	put_line(1, 0, "up %s  down %s  received %s  unmatched %.1f%%",
		 rate_text(view, top->customers_since.up, up, sizeof(up)),
		 rate_text(view, top->customers_since.down, down, sizeof(down)),
		 rate_text(view, since->bytes, total, sizeof(total)),
		 nfm_top_percent(since->unmatched_bytes, since->bytes));
	put_line(2, 0, "datagrams %" PRIu64 "/s  lost %" PRIu64 " (%.2f%%), %" PRIu64 "/s now",
		 nfm_top_per_second(top, since->datagrams), sums->lost,
		 nfm_top_percent(sums->lost, sums->lost + sums->received),
		 nfm_top_per_second(top, since->lost));
}

static void draw_customer(struct view *view, int line, uint32_t row)
{
	const struct nfm_top_bytes *since = &view->top->since[row];
	const struct nfm_top_bytes *sum = &view->top->sum[row];
	char text[32];

	if (nfm_view_customer_read(view->top->table, row, &view->customer))
		return;
	put_text(line, 0, 24, view->customer.id);
	put_text(line, 26, 24, view->customer.name);
	put_line(line, 51, "%12s", rate_text(view, since->up, text, sizeof(text)));
	put_line(line, 64, "%12s", rate_text(view, since->down, text, sizeof(text)));
	if (COLS >= WIDE) {
		put_line(line, 77, "%12s",
			 nfm_units_format_count(sum->up, "B", text, sizeof(text)));
		put_line(line, 90, "%12s",
			 nfm_units_format_count(sum->down, "B", text, sizeof(text)));
	}
}

static void draw_headings(const char *text)
{
	attron(A_REVERSE);
	mvhline(HEAD_LINES - 1, 0, ' ', COLS);
	put_line(HEAD_LINES - 1, 0, "%s", text);
	attroff(A_REVERSE);
}

static void draw_customers(struct view *view, uint32_t lines)
{
	uint32_t wanted = NFM_MIN(view->offset + lines, MAX_ROWS);
	uint32_t count = nfm_top_leaders(view->top, view->order, view->rows, wanted);
	char headings[128];
	uint32_t i;

	if (view->offset && view->offset >= count)
		view->offset = count > lines ? count - lines : 0;
	snprintf(headings, sizeof(headings), "%-25s %-24s%13s%13s%s", "ID", "NAME", "UP", "DOWN",
		 COLS >= WIDE ? "    UP SO FAR  DOWN SO FAR" : "");
	draw_headings(headings);
	for (i = view->offset; i < count && i < view->offset + lines; i++)
		draw_customer(view, HEAD_LINES + (int)(i - view->offset), view->rows[i]);
}

struct widths {
	int address, name;
};

/* An IPv6 address has up to 39 characters; in 80 columns, most have to do with less. */
static struct widths exporter_widths(void)
{
	return COLS >= WIDE ? (struct widths){ 39, 16 } : (struct widths){ 27, 12 };
}

static void draw_exporter(const struct view *view, int line,
			  const struct nfm_exporter_view *exporter)
{
	static const struct nfm_top_exporter none;
	const struct nfm_top_exporter *since = &none;
	struct widths widths = exporter_widths();
	char address[64], rate[32];

	if (exporter->exporter < view->top->table->geometry.exporters)
		since = &view->top->exporter[exporter->exporter];
	put_text(line, 0, widths.address,
		 nfm_units_format_addr(&exporter->addr, address, sizeof(address)));
	put_text(line, widths.address + 1, widths.name, exporter->name ? exporter->name : "-");
	put_line(line, widths.address + widths.name + 2, "%-8s%11s%9" PRIu64 "%9" PRIu64,
		 exporter->state, rate_text(view, since->bytes_since, rate, sizeof(rate)),
		 nfm_top_per_second(view->top, since->datagrams_since), exporter->lost);
}

static void draw_exporters(struct view *view, uint32_t lines)
{
	const struct nfm_exporters_view *exporters = &view->top->exporters;
	struct widths widths = exporter_widths();
	char headings[128];
	uint32_t i;

	if (view->offset && view->offset >= exporters->count)
		view->offset = exporters->count > lines ? exporters->count - lines : 0;
	snprintf(headings, sizeof(headings), "%-*s %-*s %-8s%11s%9s%9s", widths.address,
		 "EXPORTER", widths.name, "NAME", "STATE", "RATE", "DGRAMS/S", "LOST");
	draw_headings(headings);
	for (i = view->offset; i < exporters->count && i < view->offset + lines; i++)
		draw_exporter(view, HEAD_LINES + (int)(i - view->offset), &exporters->list[i]);
}

static uint32_t list_lines(void)
{
	return LINES > HEAD_LINES + 1 ? (uint32_t)(LINES - HEAD_LINES - 1) : 0;
}

static void draw(struct view *view)
{
	static const char *const orders[] = {
		[NFM_TOP_TOTAL] = "total",
		[NFM_TOP_UP] = "up",
		[NFM_TOP_DOWN] = "down",
		[NFM_TOP_NAME] = "id",
	};

	erase();
	draw_head(view);
	if (view->tab == TAB_CUSTOMERS)
		draw_customers(view, list_lines());
	else
		draw_exporters(view, list_lines());
	put_line(LINES - 1, 0,
		 "q quit   Tab %s   sorted by %s:  t total  u up  d down  n id   arrows scroll",
		 view->tab == TAB_CUSTOMERS ? "exporters" : "customers", orders[view->order]);
	refresh();
}

/* ---- keys ---- */

static void scroll_by(struct view *view, int64_t lines)
{
	int64_t offset = (int64_t)view->offset + lines;

	view->offset = offset < 0 ? 0 : (uint32_t)NFM_MIN(offset, (int64_t)MAX_ROWS);
}

static void sort_by(struct view *view, enum nfm_top_order order)
{
	view->order = order;
	view->offset = 0;
}

static void take_key(struct view *view, int key)
{
	switch (key) {
	case 'q':
	case 'Q':
	case KEY_ESCAPE:
		view->done = true;
		break;
	case 't':
		sort_by(view, NFM_TOP_TOTAL);
		break;
	case 'u':
		sort_by(view, NFM_TOP_UP);
		break;
	case 'd':
		sort_by(view, NFM_TOP_DOWN);
		break;
	case 'n':
		sort_by(view, NFM_TOP_NAME);
		break;
	case '\t':
		view->tab = view->tab == TAB_CUSTOMERS ? TAB_EXPORTERS : TAB_CUSTOMERS;
		view->offset = 0;
		break;
	case KEY_UP:
		scroll_by(view, -1);
		break;
	case KEY_DOWN:
		scroll_by(view, 1);
		break;
	case KEY_PPAGE:
		scroll_by(view, -(int64_t)list_lines());
		break;
	case KEY_NPAGE:
		scroll_by(view, list_lines());
		break;
	case KEY_HOME:
		view->offset = 0;
		break;
	}
}

/* ---- the loop ---- */

/* Takes what keys there are (a changed window is one, too) and draws again if there were any. */
static void take_keys(struct view *view)
{
	bool any = false;
	int key;

	while ((key = getch()) != ERR) {
		take_key(view, key);
		any = true;
	}
	if (any && !view->done)
		draw(view);
}

/* Waits for keys until the time has come; looks for them once even if it is past. */
static int wait_until(struct view *view, uint64_t until_ns)
{
	uint64_t now_ns;

	do {
		struct pollfd poller = { .fd = STDIN_FILENO, .events = POLLIN };
		int timeout_ms = 0;

		now_ns = nfm_clock_monotonic_ns();
		if (now_ns < until_ns)
			timeout_ms = (int)((until_ns - now_ns) / NFM_NS_PER_MS) + 1;
		if (poll(&poller, 1, timeout_ms) < 0 && errno != EINTR)
			return -errno;
		if (poller.revents & (POLLHUP | POLLERR | POLLNVAL))
			view->done = true; /* the terminal is gone */
		else
			take_keys(view);
	} while (!view->done && !interrupted && nfm_clock_monotonic_ns() < until_ns);
	return 0;
}

static int run(struct view *view, uint32_t interval_s, struct nfm_error *error)
{
	uint64_t next_ns = nfm_clock_monotonic_ns();
	int err = 0;

	while (!err && !view->done && !interrupted) {
		err = nfm_top_read(view->top, error);
		if (err)
			return err;
		draw(view);
		next_ns += interval_s * NFM_NS_PER_S;
		next_ns = NFM_MAX(next_ns, nfm_clock_monotonic_ns());
		err = wait_until(view, next_ns);
	}
	return err ? nfm_error_set(error, err, "the terminal: %s", strerror(-err)) : 0;
}

int nfm_top_screen(struct nfm_top *top, uint32_t interval_s, bool exact,
		   struct nfm_error *error)
{
	const struct sigaction leave = { .sa_handler = interrupt };
	struct view view = { .top = top, .exact = exact };
	_cleanup_free_ uint32_t *rows = calloc(MAX_ROWS, sizeof(*rows));
	SCREEN *screen;
	int err;

	if (!rows)
		return nfm_error_set(error, -ENOMEM, "out of memory");
	view.rows = rows;
	setlocale(LC_ALL, "");
	sigaction(SIGINT, &leave, NULL);
	sigaction(SIGTERM, &leave, NULL);
	sigaction(SIGHUP, &leave, NULL);
	screen = newterm(NULL, stdout, stdin); /* initscr(3) would end the process */
	if (!screen)
		return nfm_error_set(error, -ENOTTY, "this terminal has no full-screen mode");
	cbreak();
	noecho();
	nonl();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	err = run(&view, interval_s, error);
	endwin();
	delscreen(screen);
	nfm_view_customer_clear(&view.customer);
	return err;
}
