// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of the agent that are points of fault.c, wrapped by the linker (--wrap, see the
 * Makefile): a point is come to before its function begins.
 *
 *   recover   what an earlier agent had begun           apply    the customers' file
 *   pin       the program and its maps                  attach   to a NIC
 *   renew     another build's program gives way: loads  replace  on a NIC
 *   keep      the ring of a program that is replaced; kept: after it; drop, dropped: its end
 *   FILE      a file or a pin gets this name, in whatever folder
 *   discover  a customer of an auto range gets a row    commit   a batch: journal, rows, ring
 *   exporter  a new one gets a row                      sequence a datagram's numbers are judged
 *   flip      step 1 of a rotation                      start    its other steps, in their thread
 *   hook      a snapshot is committed, and handed over  spawn    to a shell; spawned: after it
 *   rollup    a child for the days; rolled: after it
 *   nfdump    an nfdump file has its rows               nfdumped  it has its name
 */
#include "fault.h"

#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/hook.h"
#include "agent/meter.h"
#include "agent/rotation.h"
#include "customers/customers.h"
#include "snapshot/nfdump_file.h"
#include "table/journal.h"
#include "xdp/xdp.h"

/* Both names have the wrapped function's type: a change of it is told by the compiler. */
#define WRAPPED(name) extern __typeof__(name) __real_##name, __wrap_##name

WRAPPED(nfm_journal_recover);
WRAPPED(nfm_customers_apply);
WRAPPED(nfm_xdp_pin);
WRAPPED(nfm_xdp_attach);
WRAPPED(nfm_xdp_renew);
WRAPPED(nfm_xdp_replace);
WRAPPED(nfm_xdp_pin_old_ring);
WRAPPED(nfm_xdp_unpin_old_ring);
WRAPPED(rename);
WRAPPED(nfm_customers_discover);
WRAPPED(nfm_meter_exporter_add);
WRAPPED(nfm_meter_sequence);
WRAPPED(nfm_journal_commit);
WRAPPED(nfm_rotate_flip);
WRAPPED(nfm_rotation_start);
WRAPPED(nfm_hook_add);
WRAPPED(posix_spawn);
WRAPPED(nfm_nfdump_file_commit);

int __wrap_nfm_journal_recover(struct nfm_table *table, uint64_t *consumer_pos,
			       uint64_t *old_consumer_pos)
{
	fault_point("recover");
	return __real_nfm_journal_recover(table, consumer_pos, old_consumer_pos);
}

int __wrap_nfm_customers_apply(struct nfm_customers *c, const struct nfm_registry *registry,
			       struct nfm_customers_change *change, struct nfm_error *error)
{
	fault_point("apply");
	return __real_nfm_customers_apply(c, registry, change, error);
}

int __wrap_nfm_xdp_pin(const struct nfm_xdp *xdp, const char *directory, struct nfm_error *error)
{
	fault_point("pin");
	return __real_nfm_xdp_pin(xdp, directory, error);
}

int __wrap_nfm_xdp_attach(const struct nfm_xdp *xdp, const char *interface, enum nfm_xdp_mode want,
			  const char **mode, struct nfm_error *error)
{
	fault_point("attach");
	return __real_nfm_xdp_attach(xdp, interface, want, mode, error);
}

int __wrap_nfm_xdp_renew(const struct nfm_xdp *old, struct nfm_xdp *out, struct nfm_error *error)
{
	fault_point("renew");
	return __real_nfm_xdp_renew(old, out, error);
}

int __wrap_nfm_xdp_replace(const struct nfm_xdp *xdp, const char *interface,
			   const struct nfm_xdp *old, struct nfm_error *error)
{
	fault_point("replace");
	return __real_nfm_xdp_replace(xdp, interface, old, error);
}

int __wrap_nfm_xdp_pin_old_ring(const struct nfm_xdp *old, const char *directory,
				struct nfm_error *error)
{
	int r;

	fault_point("keep");
	r = __real_nfm_xdp_pin_old_ring(old, directory, error);
	fault_point("kept");
	return r;
}

int __wrap_nfm_xdp_unpin_old_ring(const char *directory, struct nfm_error *error)
{
	int r;

	fault_point("drop");
	r = __real_nfm_xdp_unpin_old_ring(directory, error);
	fault_point("dropped");
	return r;
}

int __wrap_rename(const char *from, const char *to)
{
	const char *slash = strrchr(to, '/');

	fault_point(slash ? slash + 1 : to);
	return __real_rename(from, to);
}

int __wrap_nfm_customers_discover(struct nfm_customers *c, const uint8_t addr[16], uint8_t family)
{
	fault_point("discover");
	return __real_nfm_customers_discover(c, addr, family);
}

int __wrap_nfm_meter_exporter_add(struct nfm_meter *meter, const struct nfm_addr *addr,
				  uint32_t state)
{
	fault_point("exporter");
	return __real_nfm_meter_exporter_add(meter, addr, state);
}

void __wrap_nfm_meter_sequence(struct nfm_meter *meter, const struct nfm_seqlog *entry)
{
	fault_point("sequence");
	__real_nfm_meter_sequence(meter, entry);
}

void __wrap_nfm_journal_commit(struct nfm_batch_log *log, uint64_t ring_pos,
			       uint64_t *consumer_pos)
{
	fault_point("commit");
	__real_nfm_journal_commit(log, ring_pos, consumer_pos);
}

int __wrap_nfm_rotate_flip(struct nfm_table *t, uint64_t now_unix_ns, uint64_t now_ns,
			   uint32_t interval_s)
{
	fault_point("flip");
	return __real_nfm_rotate_flip(t, now_unix_ns, now_ns, interval_s);
}

void __wrap_nfm_rotation_start(struct nfm_rotation *r)
{
	fault_point("start");
	__real_nfm_rotation_start(r);
}

void __wrap_nfm_hook_add(struct nfm_hook *hook, const char *path, uint64_t epoch)
{
	fault_point("hook");
	__real_nfm_hook_add(hook, path, epoch);
}

int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attributes, char *const argv[],
		       char *const environment[])
{
	bool is_hook = !strcmp(path, "/bin/sh"); /* else the rollup's */
	int r;

	fault_point(is_hook ? "spawn" : "rollup");
	r = __real_posix_spawn(pid, path, actions, attributes, argv, environment);
	fault_point(is_hook ? "spawned" : "rolled");
	return r;
}

int __wrap_nfm_nfdump_file_commit(struct nfm_nfdump_file *f, const char *name)
{
	int r;

	fault_point("nfdump");
	r = __real_nfm_nfdump_file_commit(f, name);
	fault_point("nfdumped");
	return r;
}
