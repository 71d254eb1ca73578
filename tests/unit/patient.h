/* SPDX-License-Identifier: GPL-2.0-only */
/* What `doctor` checks, made up: a table with nothing wrong, on a machine where all is well. */
#ifndef NFM_TEST_UNIT_PATIENT_H
#define NFM_TEST_UNIT_PATIENT_H

#include "commands.h"

#include <sys/stat.h>

#include "cli/doctor.h"

struct patient {
	struct fixture *f;
	struct nfm_doctor doctor;
};

static const char *const system_folders[] = { "proc/self", "proc/sys/net/core", "proc/sys/net",
					      "proc/sys", "proc", "sys/class/net/eth0",
					      "sys/class/net", "sys/class", "sys" };
static const struct {
	const char *path, *text;
} system_files[] = {
	{ "proc/self/mounts", "proc /proc proc rw 0 0\nbpf /sys/fs/bpf bpf rw 0 0\n" },
	{ "proc/sys/net/core/rmem_max", "67108864\n" },
	{ "sys/class/net/eth0/flags", "0x1003\n" },
	{ "sys/class/net/eth0/operstate", "up\n" },
	{ "sys/class/net/eth0/mtu", "1500\n" },
};

static inline void set_system(const struct fixture *f, const char *name, const char *text)
{
	char path[160];

	path_in(f, name, path, sizeof(path));
	assert_int_equal(nfm_io_replace_file(path, text, strlen(text), 0600), 0);
}

static int set_up_patient(void **state)
{
	struct patient *p = calloc(1, sizeof(*p));
	struct nfm_error error;
	char path[160];

	if (!p || set_up(state))
		return -1;
	p->f = *state;
	*state = p;
	for (size_t i = 0; i < NFM_ARRAY_SIZE(system_folders); i++) {
		path_in(p->f, system_folders[i], path, sizeof(path));
		if (nfm_io_mkdir_p(path, 0700))
			return -1;
	}
	for (size_t i = 0; i < NFM_ARRAY_SIZE(system_files); i++)
		set_system(p->f, system_files[i].path, system_files[i].text);
	p->doctor = (struct nfm_doctor){
		.config_path = "some.conf",
		.root = p->f->directory,
		.xdp = 1,
		.directory_free_bytes = 100ULL << 30,
		.agent_pid = 4711,
		.table = p->f->table,
		.now = nfm_view_clock_now(),
	};
	if (nfm_config_read(NULL, &p->doctor.config, &error))
		return -1;
	p->doctor.config.any_exporter = true;
	p->doctor.config.interface_count = 1;
	strcpy(p->doctor.config.interfaces[0], "eth0");
	strcpy(p->doctor.config.directory, p->f->directory);
	if (chmod(p->f->directory, 0755) < 0) /* the HTTP server's user looks into it */
		return -1;
	path_in(p->f, "tokens", p->doctor.config.http_tokens,
		sizeof(p->doctor.config.http_tokens));
	strcpy(p->doctor.config.customers_file, p->f->cli.config.customers_file);
	p->doctor.table.in_maps = true;
	return 0;
}

static inline void forget(struct patient *p)
{
	nfm_exporters_clear(&p->doctor.exporters);
	nfm_templates_clear(&p->doctor.templates);
}

static int tear_down_patient(void **state)
{
	struct patient *p = *state;
	char path[160];

	forget(p);
	for (size_t i = 0; i < NFM_ARRAY_SIZE(system_files); i++) {
		path_in(p->f, system_files[i].path, path, sizeof(path));
		unlink(path);
	}
	for (size_t i = 0; i < NFM_ARRAY_SIZE(system_folders); i++) {
		path_in(p->f, system_folders[i], path, sizeof(path));
		rmdir(path);
	}
	*state = p->f;
	free(p);
	return tear_down(state);
}

/* Reads exporters and templates anew, as the command does before it checks. */
static inline void look_again(struct patient *p)
{
	struct nfm_error error = { .text = "" };

	forget(p);
	p->doctor.now = nfm_view_clock_now();
	assert_int_equal(nfm_exporters_read(&p->f->table, INTERVAL_S, &p->doctor.now,
					    &p->doctor.exporters, &error),
			 0);
	p->doctor.table = p->f->table;
	p->doctor.table.in_maps = true;
	assert_int_equal(nfm_templates_read(p->f->directory, &p->doctor.table, &p->doctor.now,
					    &p->doctor.templates, &error),
			 0);
}

/* Runs one check by its name; `said` (NULL: anything) must be in what it says. */
static inline void expect_finding(const struct patient *p, const char *name, enum nfm_health health,
			   const char *said)
{
	const struct nfm_check *tables[] = { nfm_doctor_machine, nfm_doctor_traffic };
	struct nfm_finding finding = { .health = NFM_HEALTH_OK };

	for (size_t i = 0; i < NFM_ARRAY_SIZE(tables); i++) {
		for (const struct nfm_check *check = tables[i]; check->name; check++) {
			if (strcmp(check->name, name) != 0)
				continue;
			check->run(&p->doctor, &finding);
			if (finding.health != health || (said && !strstr(finding.text, said)))
				fail_msg("%s: %d: %s", name, (int)finding.health, finding.text);
			assert_true(finding.text[0]);
			return;
		}
	}
	fail_msg("no check %s", name);
}

#define OK(name) expect_finding(p, name, NFM_HEALTH_OK, NULL)
#define SAYS(name, said) expect_finding(p, name, NFM_HEALTH_OK, said)
#define WARNS(name, said) expect_finding(p, name, NFM_HEALTH_WARN, said)
#define FAILS(name, said) expect_finding(p, name, NFM_HEALTH_FAIL, said)

static inline struct nfm_row *exporter_row(struct patient *p, uint32_t exporter)
{
	return nfm_table_row(&p->f->table, 0, 0, nfm_table_exporter_row(&p->f->table, exporter));
}

static inline struct nfm_row *notes_row(struct patient *p, uint32_t exporter)
{
	return nfm_table_row(&p->f->table, 0, 0, nfm_table_notes_row(&p->f->table, exporter));
}

/* An exporter that has just sent. */
static inline void let_send(struct patient *p, uint32_t exporter, const char *address,
			    const char *name)
{
	add_exporter(p->f, exporter, address, name, NFM_EXPORTER_LISTED);
	exporter_row(p, exporter)->exporter.datagrams = 5;
	exporter_row(p, exporter)->exporter.seen_ns = nfm_clock_monotonic_ns();
}

static inline void add_stream(struct patient *p, uint32_t at, uint32_t exporter,
			      uint16_t version, uint64_t seen_ns)
{
	p->f->table.streams[at] = (struct nfm_stream){
		.used = 1, .exporter = exporter, .version = version, .last_seen_ns = seen_ns,
	};
	p->f->table.ctl->stream_count = NFM_MAX(p->f->table.ctl->stream_count, at + 1);
}

#define WITH_PATIENT(test)                                                                         \
	cmocka_unit_test_setup_teardown(test, set_up_patient, tear_down_patient)

#endif
