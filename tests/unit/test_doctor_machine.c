// SPDX-License-Identifier: GPL-2.0-only
/* `doctor` on machine, files and agent: what each check says of good and bad; and the command. */
#include "patient.h"

#include "xdp/build.h"

/* ---- the machine ---- */

static void a_sound_machine(void **state)
{
	struct patient *p = *state;

	for (const struct nfm_check *check = nfm_doctor_machine; check->name; check++)
		OK(check->name);
	let_send(p, 0, "192.0.2.1", "core-1");
	look_again(p);
	p->doctor.table.geometry.earlier_slots = 8;
	p->doctor.table.ctl->slot_ms[p->doctor.table.ctl->epoch & 1] = 300000;
	for (const struct nfm_check *check = nfm_doctor_traffic; check->name; check++)
		OK(check->name);
}

static void configurations(void **state)
{
	struct patient *p = *state;

	SAYS("configuration", "some.conf: 1 NICs");
	p->doctor.config.any_exporter = false;
	WARNS("configuration", "every source is refused");
	p->doctor.config.exporter_count = 1;
	OK("configuration");
	p->doctor.config.exporter_count = 0;
	strcpy(p->doctor.config_reason.text, "some.conf:3: wrong\nsome.conf:4: too");
	WARNS("configuration", "some.conf:3: wrong some.conf:4: too"); /* one line */
	p->doctor.config_error = -EINVAL;
	FAILS("configuration", "some.conf:3: wrong");
}

static void kernels(void **state)
{
	struct patient *p = *state;
	struct nfm_config *config = &p->doctor.config;

	p->doctor.xdp = 0;
	WARNS("kernel", "6.1");
	config->xdp = NFM_XDP_NATIVE;
	FAILS("kernel", "xdp = off");
	config->xdp = NFM_XDP_GENERIC;
	FAILS("kernel", "6.1");
	p->doctor.xdp = -EPERM;
	WARNS("kernel", "run this as root");
	config->xdp = NFM_XDP_OFF;
	SAYS("kernel", "UDP socket");
	config->xdp = NFM_XDP_NATIVE;
	config->interface_count = 0;
	SAYS("kernel", "UDP socket");
}

static void bpf_file_systems(void **state)
{
	static const struct {
		const char *mounts, *pin;
		enum nfm_health health;
	} cases[] = {
		{ "bpf /sys/fs/bpf bpf rw 0 0\n", "/sys/fs/bpf/nfmeter", NFM_HEALTH_OK },
		{ "bpf /sys/fs/bpf bpf rw 0 0", "/sys/fs/bpf", NFM_HEALTH_OK },
		{ "x /a tmpfs rw 0 0\nx /b bpf rw 0 0\n", "/b/c", NFM_HEALTH_OK },
		{ "bpf /sys/fs/bpf bpf rw 0 0\n", "/sys/fs/bpfx", NFM_HEALTH_FAIL },
		{ "bpf /sys/fs/bpf tmpfs rw 0 0\n", "/sys/fs/bpf/nfmeter", NFM_HEALTH_FAIL },
		{ "bpf\n\n", "/sys/fs/bpf/nfmeter", NFM_HEALTH_FAIL },
		{ "", "/sys/fs/bpf/nfmeter", NFM_HEALTH_FAIL },
	};
	struct patient *p = *state;

	for (size_t i = 0; i < NFM_ARRAY_SIZE(cases); i++) {
		set_system(p->f, "proc/self/mounts", cases[i].mounts);
		strcpy(p->doctor.config.pin, cases[i].pin);
		expect_finding(p, "bpffs", cases[i].health,
			       cases[i].health ? "mount -t bpf" : NULL);
	}
	p->doctor.config.xdp = NFM_XDP_OFF;
	OK("bpffs");
}

static void nics(void **state)
{
	struct patient *p = *state;
	struct nfm_config *config = &p->doctor.config;

	SAYS("interfaces", "eth0 is up");
	set_system(p->f, "sys/class/net/eth0/operstate", "down\n");
	WARNS("interfaces", "cable");
	set_system(p->f, "sys/class/net/eth0/flags", "0x1002\n");
	FAILS("interfaces", "ip link set eth0 up");
	set_system(p->f, "sys/class/net/eth0/flags", "0x1003\n");
	strcpy(config->interfaces[config->interface_count++], "eth9");
	FAILS("interfaces", "eth9: there is no such NIC");
	config->interface_count = 0;
	OK("interfaces");
}

static void mtus(void **state)
{
	struct patient *p = *state;

	set_system(p->f, "sys/class/net/eth0/mtu", "9000\n");
	WARNS("mtu", "eth0 has MTU 9000");
	p->doctor.config.xdp = NFM_XDP_GENERIC;
	OK("mtu");
	p->doctor.config.xdp = NFM_XDP_OFF;
	OK("mtu");
}

static void socket_buffers(void **state)
{
	struct patient *p = *state;

	set_system(p->f, "proc/sys/net/core/rmem_max", "212992\n");
	OK("socket-buffer");
	p->doctor.config.xdp = NFM_XDP_OFF;
	WARNS("socket-buffer", "net.core.rmem_max is 212992");
	WARNS("socket-buffer", "sysctl -w net.core.rmem_max=33554432");
	set_system(p->f, "proc/sys/net/core/rmem_max", "33554432\n");
	OK("socket-buffer");
}

static void directories(void **state)
{
	struct patient *p = *state;

	p->doctor.directory_free_bytes = (1ULL << 30) - 1;
	WARNS("directory", "make room");
	p->doctor.directory_free_bytes = (64ULL << 20) - 1;
	FAILS("directory", "make room");
	p->doctor.directory_free_bytes = 1ULL << 30;
	OK("directory");
	p->doctor.directory_error = -ENOENT;
	WARNS("directory", "the agent makes it");
	p->doctor.directory_error = -EACCES;
	FAILS("directory", "Permission denied");
}

static void expiries(void **state)
{
	struct patient *p = *state;
	struct nfm_config *config = &p->doctor.config;

	SAYS("expiry", "8928 files at most"); /* 31 d of 300 s */
	config->expire_size_bytes = 0;
	OK("expiry");
	config->expire_lifetime_s = 0;
	WARNS("expiry", "nothing expires");
	config->expire_size_bytes = 10ULL << 30;
	OK("expiry");
	p->doctor.directory_free_bytes = 5ULL << 30; /* half of it may be there already */
	OK("expiry");
	p->doctor.directory_free_bytes--;
	WARNS("expiry", "more than the disk");
	p->doctor.directory_free_bytes = 100ULL << 30;
	config->expire_lifetime_s = 36 * 3600;
	OK("expiry");
	config->expire_lifetime_s--;
	WARNS("expiry", "rollup");
	config->interval_s = 1;
	config->expire_lifetime_s = 200000;
	OK("expiry");
	config->expire_lifetime_s++;
	WARNS("expiry", "200001 files");
}

static void customers_files(void **state)
{
	struct patient *p = *state;
	struct nfm_config *config = &p->doctor.config;

	SAYS("customers", "3 listed");
	config->capacity = 2;
	WARNS("customers", "raise [collector] capacity");
	config->capacity = 3;
	OK("customers");
	set_system(p->f, "customers.csv", "id,name,prefixes\na,,10.0.0.1/8\n");
	FAILS("customers", "customers.csv:2");
	set_system(p->f, "customers.csv", "id,name,prefixes\n");
	WARNS("customers", "nothing is anybody's");
	config->auto_count = 1;
	OK("customers");
	strcpy(config->customers_file, "/nonexistent/customers.csv");
	OK("customers");
	config->customers_file_set = true;
	FAILS("customers", "/nonexistent/customers.csv");
}

static void agents(void **state)
{
	struct patient *p = *state;

	SAYS("agent", "pid 4711");
	strcpy(p->doctor.snapshot_error, "disk full");
	FAILS("agent", "disk full");
	p->doctor.snapshot_error[0] = '\0';
	p->doctor.agent_error = -ETIMEDOUT;
	strcpy(p->doctor.agent_reason.text, "no answer");
	FAILS("agent", "no answer");
	p->doctor.agent_error = -ECONNREFUSED;
	FAILS("agent", "`nfmeter run` starts it");
	p->doctor.table_error = -ENOENT; /* a machine on which it never ran */
	WARNS("agent", "`nfmeter run` starts it");
	WARNS("table", "none yet");
	p->doctor.table_error = -EPERM;
	strcpy(p->doctor.table_reason.text, "as root");
	FAILS("table", "as root");
}

static void set_build(struct patient *p, uint64_t build)
{
	p->doctor.table.geometry.build[0] = (uint32_t)build;
	p->doctor.table.geometry.build[1] = (uint32_t)(build >> 32);
}

static void datapaths(void **state)
{
	struct patient *p = *state;

	set_build(p, 0);
	OK("datapath");
	SAYS("datapath", "loaded by hand");
	set_build(p, nfm_xdp_build());
	OK("datapath");
	SAYS("datapath", "of this build");
	set_build(p, nfm_xdp_build() ^ 1ULL << 63);
	WARNS("datapath", "restart the agent");
	p->doctor.table.in_maps = false;
	OK("datapath");
	SAYS("datapath", "without XDP");
}

/* ---- findings ---- */

static void many_names_are_few(void **state)
{
	struct nfm_finding_names names = { .count = 0 };
	char name[32];

	(void)state;
	nfm_finding_name(&names, "a+b");
	nfm_finding_name(&names, "c");
	nfm_finding_name(&names, "d");
	assert_string_equal(names.text, "a+b, c, d");
	nfm_finding_name(&names, "e");
	assert_string_equal(names.text, "a+b, c, d +1 more");
	for (uint32_t i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "%u", i);
		nfm_finding_name(&names, name);
	}
	assert_string_equal(names.text, "a+b, c, d +100001 more");
}

static void a_finding_is_bounded_and_keeps_the_worst(void **state)
{
	struct nfm_finding finding = { .health = NFM_HEALTH_OK };

	(void)state;
	nfm_finding_say(&finding, NFM_HEALTH_FAIL, "one\ntwo");
	nfm_finding_say(&finding, NFM_HEALTH_OK, "three");
	assert_string_equal(finding.text, "one two; three");
	assert_int_equal(finding.health, NFM_HEALTH_FAIL);
	for (int i = 0; i < 1000; i++)
		nfm_finding_say(&finding, NFM_HEALTH_WARN, "%d", i);
	assert_int_equal(strlen(finding.text), sizeof(finding.text) - 1);
}

/* ---- the command ---- */

static size_t count_of(const char *text, const char *word)
{
	size_t n = 0;

	for (text = strstr(text, word); text; text = strstr(text + 1, word))
		n++;
	return n;
}

static void write_config(struct fixture *f, const char *more, char *path, size_t size)
{
	char text[1024];

	path_in(f, "nfmeter.conf", path, size);
	snprintf(text, sizeof(text),
		 "[collector]\nxdp = off\nexporters = any\nruntime = %s\ndirectory = %s\n"
		 "pin = %s/pins\n%s\n[customers]\nfile = %s/customers.csv\n",
		 f->directory, f->directory, f->directory, more, f->directory);
	assert_int_equal(nfm_io_replace_file(path, text, strlen(text), 0600), 0);
	f->cli.config_path = path;
}

/* No agent runs, so that it fails; the rest is there. */
static void the_command_tells_all(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *json = NULL, *text = NULL;
	char path[128];
	size_t checks = 0;

	for (const struct nfm_check *check = nfm_doctor_machine; check->name; check++)
		checks++;
	for (const struct nfm_check *check = nfm_doctor_traffic; check->name; check++)
		checks++;
	write_config(f, "", path, sizeof(path));
	json = run(f, nfm_cmd_doctor, "doctor", 1);
	assert_int_equal(length(json, NULL), checks);
	expect(json, "0/check", "configuration");
	expect(json, "0/state", "ok");
	assert_non_null(strstr(json, "\"check\":\"agent\",\"state\":\"fail\",\"text\":\"not "
				     "running"));
	assert_int_equal(count_of(json, "\"state\":\"fail\""), 1);
	f->cli.format = NFM_FORMAT_TEXT;
	text = run(f, nfm_cmd_doctor, "doctor", 1);
	assert_int_equal(count_of(text, "\n"), checks + 1);
	assert_non_null(strstr(text, "\nfail   agent "));
	free(run(f, nfm_cmd_doctor, "doctor now", 2));
}

/* Where nothing failed it ends with 0: before the agent ran for the first time, here. */
static void nothing_failed(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *json = NULL;
	char path[128], table[128];

	write_config(f, "", path, sizeof(path));
	path_in(f, "table", table, sizeof(table));
	assert_int_equal(unlink(table), 0);
	json = run(f, nfm_cmd_doctor, "doctor", 0);
	assert_int_equal(count_of(json, "\"state\":\"fail\""), 0);
	assert_null(strstr(json, "\"check\":\"exporters\"")); /* there is no table to look at */
}

static void a_wrong_configuration_is_a_finding(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *json = NULL, *missing = NULL;
	char path[128];

	write_config(f, "port = 0", path, sizeof(path));
	json = run(f, nfm_cmd_doctor, "doctor", 1);
	assert_int_equal(length(json, NULL), 1); /* the others would be of the defaults */
	expect(json, "0/check", "configuration");
	expect(json, "0/state", "fail");
	assert_non_null(strstr(json, "nfmeter.conf:7: [collector] port"));
	f->cli.config_path = "/nonexistent/nfmeter.conf";
	missing = run(f, nfm_cmd_doctor, "doctor", 1);
	expect(missing, "0/state", "fail");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_PATIENT(a_sound_machine),
		WITH_PATIENT(configurations),
		WITH_PATIENT(kernels),
		WITH_PATIENT(bpf_file_systems),
		WITH_PATIENT(nics),
		WITH_PATIENT(mtus),
		WITH_PATIENT(socket_buffers),
		WITH_PATIENT(directories),
		WITH_PATIENT(expiries),
		WITH_PATIENT(customers_files),
		WITH_PATIENT(agents),
		WITH_PATIENT(datapaths),
		cmocka_unit_test(many_names_are_few),
		cmocka_unit_test(a_finding_is_bounded_and_keeps_the_worst),
		WITH_TABLE(the_command_tells_all),
		WITH_TABLE(nothing_failed),
		WITH_TABLE(a_wrong_configuration_is_a_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
