// SPDX-License-Identifier: GPL-2.0-only
#include "agent/telemetry.h"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/loop.h"
#include "base/cleanup.h"
#include "base/clock.h"

/* ---- rotations ---- */

void nfm_telemetry_begin(struct nfm_telemetry *t)
{
	*t = (struct nfm_telemetry){ .started_unix_ns = nfm_clock_unix_ns() };
}

/* Nobody has said when an interval was to end that an earlier agent closed, or that a stop ends. */
static void take_snapshot(struct nfm_telemetry *t, const struct nfm_rotation *r,
			  uint64_t now_unix_ns)
{
	uint64_t due_ns = t->due_unix_ns && t->due_unix_ns <= r->result.meta.to_unix_ns ?
				  t->due_unix_ns :
				  r->result.meta.to_unix_ns;

	t->due_unix_ns = 0;
	t->snapshots++;
	t->duration_ns = r->result.duration_ns;
	t->lag_ns = now_unix_ns > due_ns ? now_unix_ns - due_ns : 0;
	t->bytes = r->file_bytes;
}

void nfm_telemetry_rotation(struct nfm_telemetry *t, const struct nfm_rotation *r,
			    uint64_t now_unix_ns)
{
	if (r->outcome < 0)
		t->failures++;
	else if (r->result.path[0])
		take_snapshot(t, r, now_unix_ns);
	if (!r->expire_ran)
		return;
	t->expire_runs++;
	t->files_gone += r->expired.files_gone;
	t->bytes_gone += r->expired.bytes_gone;
	if (r->expire_outcome < 0) {
		t->expire_failures++;
		return;
	}
	t->files = r->expired.files_before - r->expired.files_gone;
	t->bytes_kept = r->expired.bytes_before - r->expired.bytes_gone;
}

/* ---- the answer ---- */

static void put_key(yajl_gen out, const char *key)
{
	yajl_gen_string(out, (const unsigned char *)key, strlen(key));
}

static void put(yajl_gen out, const char *key, uint64_t value)
{
	put_key(out, key);
	yajl_gen_integer(out, (long long)value);
}

static void open_object(yajl_gen out, const char *key)
{
	put_key(out, key);
	yajl_gen_map_open(out);
}

static uint64_t ns_of(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * NFM_NS_PER_S + (uint64_t)time->tv_usec * 1000;
}

static uint64_t resident_bytes(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/statm", "re");
	unsigned long long size, resident;

	if (!file || fscanf(file, "%llu %llu", &size, &resident) != 2)
		return 0;
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t open_files(void)
{
	_cleanup_closedir_ DIR *folder = opendir("/proc/self/fd");
	uint64_t count = 0;

	if (!folder)
		return 0;
	for (struct dirent *entry; (entry = readdir(folder));)
		count += entry->d_name[0] != '.';
	return count - 1; /* the folder itself */
}

static void put_process(const struct nfm_agent *agent, yajl_gen out)
{
	struct rusage usage = {};

	getrusage(RUSAGE_SELF, &usage);
	open_object(out, "process");
	put(out, "started_unix_ns", agent->telemetry.started_unix_ns);
	put(out, "user_ns", ns_of(&usage.ru_utime));
	put(out, "system_ns", ns_of(&usage.ru_stime));
	put(out, "resident_bytes", resident_bytes());
	put(out, "open_files", open_files());
	yajl_gen_map_close(out);
}

static void put_ring(const struct nfm_agent *agent, yajl_gen out)
{
	const struct nfm_ring *ring = &agent->meter.ring;

	if (!ring->consumer_pos)
		return;
	open_object(out, "ring");
	put(out, "bytes", nfm_ring_backlog(ring));
	put(out, "size_bytes", ring->mask + 1);
	yajl_gen_map_close(out);
}

static void put_address(yajl_gen out, int fd)
{
	struct sockaddr_storage address = {};
	const struct sockaddr_in6 *v6 = (const void *)&address;
	const struct sockaddr_in *v4 = (const void *)&address;
	socklen_t length = sizeof(address);
	char text[INET6_ADDRSTRLEN] = "";

	getsockname(fd, (struct sockaddr *)&address, &length);
	if (address.ss_family == AF_INET)
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
	put_key(out, "address");
	put_key(out, text);
	put(out, "port", ntohs(address.ss_family == AF_INET ? v4->sin_port : v6->sin6_port));
}

/* The socket's own count: SO_RXQ_OVFL tells of a drop only when the next datagram comes. */
static void put_sockets(const struct nfm_agent *agent, yajl_gen out)
{
	put_key(out, "sockets");
	yajl_gen_array_open(out);
	for (unsigned int i = 0; i < agent->sockets.count; i++) {
		uint32_t memory[SK_MEMINFO_VARS] = {};
		socklen_t length = sizeof(memory);

		yajl_gen_map_open(out);
		put_address(out, agent->sockets.fd[i]);
		if (getsockopt(agent->sockets.fd[i], SOL_SOCKET, SO_MEMINFO, memory, &length) ==
		    0) {
			put(out, "drops", memory[SK_MEMINFO_DROPS]);
			put(out, "queue_bytes", memory[SK_MEMINFO_RMEM_ALLOC]);
			put(out, "buffer_bytes", memory[SK_MEMINFO_RCVBUF]);
		}
		yajl_gen_map_close(out);
	}
	yajl_gen_array_close(out);
}

static void put_program(const struct nfm_agent *agent, yajl_gen out, uint32_t id)
{
	uint64_t time_ns, runs;

	yajl_gen_map_open(out);
	put(out, "id", id);
	if (nfm_xdp_run(&agent->meter.xdp, id, &time_ns, &runs) == 0) {
		put(out, "run_time_ns", time_ns);
		put(out, "runs", runs);
	}
	yajl_gen_map_close(out);
}

/* Ours, and what else stands on our NICs: another build's, while one takes over from the other. */
static void put_programs(const struct nfm_agent *agent, yajl_gen out)
{
	uint32_t id[NFM_CONFIG_MAX_INTERFACES + 1];
	unsigned int count = 0, seen;

	if (agent->meter.xdp.program_fd >= 0)
		id[count++] = agent->meter.xdp.program_id;
	for (unsigned int i = 0; i < agent->config->interface_count; i++) {
		uint32_t other = agent->nics[i].program_id;

		for (seen = 0; seen < count && id[seen] != other; seen++)
			;
		if (other && seen == count)
			id[count++] = other;
	}
	put_key(out, "programs");
	yajl_gen_array_open(out);
	for (unsigned int i = 0; i < count; i++)
		put_program(agent, out, id[i]);
	yajl_gen_array_close(out);
}

static void put_rotation(const struct nfm_telemetry *t, yajl_gen out)
{
	open_object(out, "rotation");
	put(out, "snapshots", t->snapshots);
	put(out, "failures", t->failures);
	if (t->snapshots) {
		put(out, "duration_ns", t->duration_ns);
		put(out, "lag_ns", t->lag_ns);
		put(out, "bytes", t->bytes);
	}
	yajl_gen_map_close(out);
	open_object(out, "expiry");
	put(out, "runs", t->expire_runs);
	put(out, "failures", t->expire_failures);
	put(out, "files_gone", t->files_gone);
	put(out, "bytes_gone", t->bytes_gone);
	if (t->expire_runs > t->expire_failures) {
		put(out, "files", t->files);
		put(out, "bytes", t->bytes_kept);
	}
	yajl_gen_map_close(out);
}

static void put_disk(const struct nfm_rotation *r, yajl_gen out)
{
	uint64_t size = __atomic_load_n(&r->disk_size_bytes, __ATOMIC_ACQUIRE);

	if (!size)
		return;
	open_object(out, "disk");
	put(out, "free_bytes", __atomic_load_n(&r->disk_free_bytes, __ATOMIC_RELAXED));
	put(out, "size_bytes", size);
	yajl_gen_map_close(out);
}

static void put_rollup(const struct nfm_agent_rollup *r, yajl_gen out)
{
	open_object(out, "rollup");
	put(out, "runs", r->runs);
	put(out, "failures", r->failures);
	if (r->succeeded_unix_ns)
		put(out, "succeeded_unix_ns", r->succeeded_unix_ns);
	yajl_gen_map_close(out);
}

void nfm_telemetry_put(const struct nfm_agent *agent, yajl_gen out)
{
	put_process(agent, out);
	put_ring(agent, out);
	put_sockets(agent, out);
	put_programs(agent, out);
	put_rotation(&agent->telemetry, out);
	put_disk(&agent->rotation, out);
	put_rollup(&agent->rollup, out);
}
