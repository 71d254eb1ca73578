// SPDX-License-Identifier: GPL-2.0-only
#include "agent/meter.h"
#include "agent/nics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "xdp/build.h"

#define LOCK_PAUSE_MS 10
#define LOCK_TRIES 30U

/*
 * An agent that was killed while it began a hook leaves a child that has all its fds, and with them
 * its locks, until that has come to its exec: so the lock is tried for a moment.
 */
static int lock_soon(int fd)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000L };

	for (unsigned int tries = LOCK_TRIES;; tries--) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK || !tries)
			return -errno;
		nanosleep(&pause, NULL);
	}
}

int nfm_lock_file(const char *path, int flags, int *out, struct nfm_error *error)
{
	_cleanup_close_ int fd = open(path, flags | O_CLOEXEC, 0644);
	int r;

	if (fd < 0)
		return nfm_error_set(error, -errno, "%s: %m (let the agent's user write there)",
				     path);
	r = lock_soon(fd);
	if (r < 0)
		return nfm_error_set(error, r,
				     "%s is locked: another agent is running (`nfmeter status`)",
				     path);
	*out = NFM_STEAL_FD(fd);
	return 0;
}

/* Without XDP the socket serves as well, unless somebody else has it. */
static bool may_go_without(const struct nfm_config *config)
{
	return config->xdp == NFM_XDP_AUTO && !config->tee;
}

static int pin_error(const char *pin, int code, struct nfm_error *error)
{
	return nfm_error_set(error, code,
			     "%s: %s (a bpffs has to be mounted there, writable: mount -t bpf bpf "
			     "/sys/fs/bpf)",
			     pin, strerror(-code));
}

int nfm_nics_lock(const struct nfm_config *config, int *fd, struct nfm_error *error)
{
	int r = nfm_io_mkdir_p(config->pin, 0755);

	if (r < 0)
		return pin_error(config->pin, r, error);
	return nfm_lock_file(config->pin, O_RDONLY | O_DIRECTORY, fd, error);
}

/* Online CPUs come and go, their numbers do not pass the last one that is there now. */
static uint32_t cpu_columns(void)
{
	_cleanup_free_ char *list = NULL; /* "0-3,8-11": the last number is the highest */
	size_t length;
	uint32_t last = 0;

	if (nfm_io_read_file("/sys/devices/system/cpu/present", 4096, &list, &length) == 0) {
		const char *number = list;

		for (const char *p = list; *p; p++)
			if (*p == '-' || *p == ',')
				number = p + 1;
		last = (uint32_t)strtoul(number, NULL, 10);
	}
	return last + 1 < NFM_MAX_COLUMNS ? last + 1 : NFM_MAX_COLUMNS - 1;
}

/* Asked before anything is loaded: without pins nobody would find the table again. */
static int check_pin_folder(const char *pin, struct nfm_error *error)
{
	struct statfs fs;
	int r = nfm_io_mkdir_p(pin, 0755);

	if (r == 0 && statfs(pin, &fs) < 0)
		r = -errno;
	if (r == 0 && fs.f_type != BPF_FS_MAGIC)
		return nfm_error_set(error, -EINVAL,
				     "%s is in no bpffs: mount -t bpf bpf /sys/fs/bpf, or correct "
				     "[collector] pin",
				     pin);
	if (r == 0 && access(pin, W_OK) < 0)
		r = -errno;
	return r < 0 ? pin_error(pin, r, error) : 0;
}

static int load_new(const struct nfm_config *config, struct nfm_xdp *xdp, struct nfm_error *error)
{
	struct nfm_geometry geometry;
	int r = check_pin_folder(config->pin, error);

	if (r < 0)
		return r;
	nfm_table_geometry_init(&geometry, cpu_columns() + 1, config->capacity,
				config->max_exporters, config->pages);
	nfm_meter_geometry(config, &geometry);
	return nfm_xdp_load(&geometry, xdp, error);
}

/*
 * The first NIC that has an nfmeter on it, attached by whatever tool. -EPROTONOSUPPORT: one of
 * another ABI; it takes the datagrams, so that there is no going on beside it.
 */
static int find_attached(const struct nfm_config *config, struct nfm_xdp *xdp,
			 struct nfm_error *why)
{
	for (unsigned int i = 0; i < config->interface_count; i++) {
		struct nfm_xdp_state state;
		struct nfm_error error = {};

		if (nfm_xdp_query(config->interfaces[i], NULL, &state, &error) < 0)
			continue;
		if (state.attachment == NFM_ATTACHED_OTHER_ABI)
			return nfm_error_set(why, -EPROTONOSUPPORT, "%s: %s",
					     config->interfaces[i], error.text);
		if (state.attachment != NFM_ATTACHED_NFMETER)
			continue;
		if (nfm_xdp_adopt(state.program_id, xdp, &error) < 0)
			continue;
		nfm_log(LOG_NOTICE, "%s: adopted XDP program %u", config->interfaces[i],
			state.program_id);
		return 0;
	}
	return -ENOENT;
}

/* The socket is to serve: an nfmeter that is still on a NIC would take all before it. */
static int check_socket_way(const struct nfm_config *config, struct nfm_error *error)
{
	for (unsigned int i = 0; i < config->interface_count; i++) {
		const char *name = config->interfaces[i];
		struct nfm_xdp_state state;
		struct nfm_error why = {};

		if (nfm_xdp_query(name, NULL, &state, &why) < 0)
			continue;
		if (state.attachment == NFM_ATTACHED_OTHER_ABI)
			return nfm_error_set(error, -EBUSY, "%s: %s", name, why.text);
		if (state.attachment == NFM_ATTACHED_NFMETER)
			return nfm_error_set(error, -EBUSY,
					     "%s: nfmeter's XDP program %u takes the datagrams "
					     "before the UDP socket: `nfmeter detach %s` ends it",
					     name, state.program_id, name);
		if (state.attachment == NFM_ATTACHED_FOREIGN)
			nfm_log(LOG_NOTICE,
				"%s: XDP program %u is attached: what it takes does not reach "
				"the UDP socket",
				name, state.program_id);
	}
	return 0;
}

int nfm_nics_open(const struct nfm_config *config, struct nfm_xdp *xdp, struct nfm_error *error)
{
	int r;

	*xdp = (struct nfm_xdp)NFM_XDP_NONE;
	if (config->xdp == NFM_XDP_OFF || !config->interface_count)
		return check_socket_way(config, error);
	r = nfm_xdp_open_pins(config->pin, xdp, error);
	if (r == -EPROTO || r == -EPROTONOSUPPORT)
		return r;
	if (r == 0) {
		nfm_log(LOG_INFO, "going on with XDP program %u, pinned at %s", xdp->program_id,
			config->pin);
		return 0;
	}
	r = find_attached(config, xdp, error);
	if (r == 0 || r == -EPROTONOSUPPORT)
		return r;
	r = load_new(config, xdp, error);
	if (r < 0 && may_go_without(config)) {
		nfm_log(LOG_WARNING, "without XDP, by the UDP socket: %s", error->text);
		return check_socket_way(config, error);
	}
	return r;
}

void nfm_nics_renew(struct nfm_xdp *xdp)
{
	struct nfm_xdp renewed = NFM_XDP_NONE;
	struct nfm_error why = {};

	if (xdp->program_fd < 0 || xdp->build == nfm_xdp_build())
		return;
	if (!xdp->build) {
		nfm_log(LOG_INFO, "XDP program %u was loaded by hand and stays: its build is not "
				  "known",
			xdp->program_id);
		return;
	}
	if (nfm_xdp_renew(xdp, &renewed, &why) < 0) {
		nfm_log(LOG_WARNING,
			"XDP program %u, of another build (%016" PRIx64 "), goes on: this build's "
			"cannot be loaded: %s",
			xdp->program_id, xdp->build, why.text);
		return;
	}
	nfm_log(LOG_NOTICE,
		"XDP program %u of this build (%016" PRIx64 ") takes over the table from program "
		"%u (%016" PRIx64 ")",
		renewed.program_id, renewed.build, xdp->program_id, xdp->build);
	nfm_xdp_close(xdp);
	*xdp = renewed;
}

/* Another build's program, which counts into our table; it goes on where ours cannot be put. */
static uint32_t replace_sibling(const struct nfm_xdp *xdp, const char *interface,
				uint32_t program_id)
{
	_cleanup_(nfm_xdp_close) struct nfm_xdp old = NFM_XDP_NONE;
	struct nfm_error why = {};
	int r = nfm_xdp_adopt(program_id, &old, &why);

	if (r == 0)
		r = nfm_xdp_replace(xdp, interface, &old, &why);
	if (r < 0) {
		nfm_log(LOG_WARNING, "%s: XDP program %u, of another build, goes on: %s", interface,
			program_id, why.text);
		return program_id;
	}
	nfm_log(LOG_NOTICE, "%s: XDP program %u took the place of %u", interface, xdp->program_id,
		program_id);
	return xdp->program_id;
}

/* Also on NICs that are not configured: somebody has attached them, so they count. */
static void replace_siblings(const struct nfm_xdp *xdp)
{
	struct if_nameindex *all = if_nameindex();

	for (struct if_nameindex *nic = all; nic && nic->if_index; nic++) {
		struct nfm_xdp_state state;

		if (nfm_xdp_query(nic->if_name, xdp, &state, NULL) == 0 &&
		    state.attachment == NFM_ATTACHED_SIBLING)
			replace_sibling(xdp, nic->if_name, state.program_id);
	}
	if (all)
		if_freenameindex(all);
}

/*
 * Ours takes the place of an nfmeter that no agent had. Its ring is pinned first: it would go with
 * the program and with us, and we may end at any moment.
 */
static int put_in_place(const struct nfm_config *config, const struct nfm_xdp *xdp,
			struct nfm_meter *meter, const char *interface,
			const struct nfm_xdp *old, struct nfm_error *error)
{
	int r = nfm_xdp_pin_old_ring(old, config->pin, error);

	if (r < 0)
		return r;
	r = nfm_xdp_replace(xdp, interface, old, error);
	if (meter) /* also if it failed: somebody may have detached it */
		nfm_meter_take_over(meter);
	else if (r == 0) /* the agent may have been here between the two */
		r = nfm_xdp_pin_old_ring(old, config->pin, error);
	return r;
}

static int replace_unadopted(const struct nfm_config *config, const struct nfm_xdp *xdp,
			     struct nfm_meter *meter, const char *interface,
			     uint32_t program_id, struct nfm_error *error)
{
	struct nfm_xdp old = NFM_XDP_NONE;
	struct nfm_table table = { .refusals_fd = -1 };
	bool adopted;
	int r = nfm_xdp_adopt(program_id, &old, error);

	if (r < 0)
		return r;
	r = nfm_xdp_table(&old, &table, error);
	if (r < 0)
		goto out;
	adopted = table.ctl->created_unix_ns != 0;
	nfm_table_close(&table);
	if (adopted) {
		r = nfm_error_set(error, -EEXIST,
				  "%s: its nfmeter (program %u) has a table of its own: left "
				  "alone; `nfmeter detach %s` ends it",
				  interface, program_id, interface);
		goto out;
	}
	r = put_in_place(config, xdp, meter, interface, &old, error);
out:
	nfm_xdp_close(&old);
	return r;
}

static int attach_nic(const struct nfm_config *config, const struct nfm_xdp *xdp,
		      struct nfm_meter *meter, struct nfm_nic *nic, struct nfm_error *error)
{
	struct nfm_xdp_state state;
	struct nfm_error why;
	int r = nfm_xdp_query(nic->name, xdp, &state, error);

	if (r < 0)
		return r;
	switch (state.attachment) {
	case NFM_ATTACHED_NONE:
		r = nfm_xdp_attach(xdp, nic->name, config->xdp, &nic->mode, error);
		nic->attached_now = r == 0;
		if (r == 0)
			nic->program_id = xdp->program_id;
		if (r == 0 && config->xdp == NFM_XDP_AUTO && !strcmp(nic->mode, "generic"))
			nfm_log(LOG_WARNING,
				"%s: no native XDP (%s): generic mode, correct but slower",
				nic->name, error->text);
		return r;
	case NFM_ATTACHED_SIBLING:
		nic->mode = state.mode;
		nic->program_id = replace_sibling(xdp, nic->name, state.program_id);
		return 0;
	case NFM_ATTACHED_NFMETER:
		r = replace_unadopted(config, xdp, meter, nic->name, state.program_id, error);
		if (r < 0)
			return r;
		break;
	case NFM_ATTACHED_OURS:
		break;
	case NFM_ATTACHED_OTHER_ABI:
		why = *error;
		return nfm_error_set(error, -EEXIST, "%s: left alone: %s", nic->name, why.text);
	case NFM_ATTACHED_FOREIGN:
		return nfm_error_set(error, -EBUSY,
				     "%s: XDP program \"%s\" (id %u) is not nfmeter's: left alone; "
				     "to meter here in XDP: ip link set dev %s xdp off",
				     nic->name, state.program_name, state.program_id, nic->name);
	}
	nic->mode = state.mode;
	nic->program_id = xdp->program_id;
	return 0;
}

/* Attaches to one NIC and says so; what fails is an error, or (xdp = auto) left to the socket. */
static int try_nic(const struct nfm_config *config, const struct nfm_xdp *xdp,
		   struct nfm_meter *meter, struct nfm_nic *nic, struct nfm_error *error)
{
	struct nfm_error why = {};
	int r;

	nic->mode = "none";
	nic->program_id = 0;
	nic->attached_now = false;
	nic->ifindex = if_nametoindex(nic->name);
	if (xdp->program_fd < 0)
		return 0;
	r = attach_nic(config, xdp, meter, nic, &why);
	if (r == 0) {
		nfm_log(LOG_INFO, "%s: XDP program %u, %s", nic->name, nic->program_id, nic->mode);
		return 0;
	}
	if (!may_go_without(config)) {
		*error = why;
		return r;
	}
	/* another nfmeter's NIC counts into that one's table: nothing of it comes to us */
	nfm_log(LOG_ERR, "%s%s", why.text,
		r == -EEXIST ? "" : "; its datagrams come by the UDP socket");
	return 0;
}

/* Of a start that failed: a program that nobody serves must not keep datagrams from others. */
static void give_back(const struct nfm_config *config, struct nfm_nic *nics, bool pinned_now)
{
	bool in_use = false;

	for (unsigned int i = 0; i < config->interface_count; i++) {
		if (nics[i].attached_now && nfm_xdp_detach(nics[i].name, NULL) == 0)
			nics[i].program_id = 0;
		in_use |= nics[i].program_id != 0;
	}
	if (pinned_now && !in_use)
		nfm_xdp_unpin(config->pin, NULL);
}

int nfm_nics_attach(const struct nfm_config *config, const struct nfm_xdp *xdp,
		    struct nfm_meter *meter, struct nfm_nic *nics, struct nfm_error *error)
{
	int pinned = 0;

	if (xdp->program_fd >= 0) {
		if (meter) /* what an agent left that ended on its way through here */
			nfm_meter_take_over(meter);
		pinned = nfm_xdp_pin(xdp, config->pin, error);
	}
	if (pinned < 0)
		return pinned;
	for (unsigned int i = 0; i < config->interface_count; i++) {
		int r;

		memcpy(nics[i].name, config->interfaces[i], sizeof(nics[i].name));
		r = try_nic(config, xdp, meter, &nics[i], error);
		if (r < 0) {
			give_back(config, nics, pinned > 0);
			return r;
		}
	}
	if (xdp->program_fd >= 0)
		replace_siblings(xdp);
	return 0;
}

void nfm_nics_look(const struct nfm_config *config, const struct nfm_xdp *xdp,
		   struct nfm_meter *meter, struct nfm_nic *nics)
{
	nfm_meter_take_over(meter); /* of a NIC that was attached by command, beside us */
	for (unsigned int i = 0; i < config->interface_count; i++) {
		struct nfm_nic *nic = &nics[i];
		unsigned int ifindex = if_nametoindex(nic->name);
		struct nfm_error error = {};

		if (ifindex == nic->ifindex)
			continue;
		if (!ifindex)
			nfm_log(LOG_WARNING, "%s: the interface is gone", nic->name);
		nic->ifindex = ifindex;
		nic->mode = "none";
		nic->program_id = 0;
		if (ifindex && try_nic(config, xdp, meter, nic, &error) < 0)
			nfm_log(LOG_ERR, "%s", error.text);
	}
}
