// SPDX-License-Identifier: GPL-2.0-only
#include "collector.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define START_MS 15000
#define SETTLE_MS 30000
#define SETTLED_MS 50 /* without CPU time: it has nothing to do */
#define STEP_MS 5

static void sleep_ms(long ms)
{
	const struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

int nfm_collector_namespace(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	_cleanup_close_ int fd = -1;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

static void run_child(char *const argv[], int cpu, const char *log)
{
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0 &&
	    sched_setaffinity(0, sizeof(set), &set) == 0)
		execvp(argv[0], argv);
	_exit(127);
}

static int connect_to(uint16_t port)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return NFM_STEAL_FD(fd);
}

int nfm_collector_start(struct nfm_collector *c, char *const argv[], uint16_t port, int cpu,
			const char *log)
{
	uint64_t bytes, drops;

	*c = (struct nfm_collector){ .port = port, .fd = -1, .pid = fork() };
	if (c->pid < 0)
		return -errno;
	if (!c->pid)
		run_child(argv, cpu, log);
	for (int ms = 0; ms < START_MS; ms += STEP_MS) {
		if (!nfm_collector_queue(c, &bytes, &drops)) {
			c->fd = connect_to(port);
			return c->fd < 0 ? c->fd : 0;
		}
		if (waitpid(c->pid, NULL, WNOHANG) == c->pid) {
			c->pid = 0;
			return -ECHILD;
		}
		sleep_ms(STEP_MS);
	}
	return -ETIMEDOUT;
}

/* proc(5): utime and stime are fields 14 and 15, the second is a name that may have blanks. */
double nfm_collector_cpu_s(const struct nfm_collector *c)
{
	unsigned long long user = 0, system = 0;
	_cleanup_fclose_ FILE *file = NULL;
	char path[64], line[1024] = "";
	const char *behind;

	snprintf(path, sizeof(path), "/proc/%d/stat", c->pid);
	file = fopen(path, "r");
	if (!file || !fgets(line, sizeof(line), file))
		return 0;
	behind = strrchr(line, ')');
	if (behind)
		sscanf(behind + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
		       &system);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

int nfm_collector_queue(const struct nfm_collector *c, uint64_t *bytes, uint64_t *drops)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/net/udp", "r");
	char line[256];

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		unsigned int port;
		unsigned long long queue, dropped;

		if (sscanf(line,
			   " %*u: %*x:%x %*x:%*x %*x %*x:%llx %*x:%*x %*x %*u %*u %*u %*u %*x %llu",
			   &port, &queue, &dropped) != 3 ||
		    port != c->port)
			continue;
		*bytes = queue;
		*drops = dropped;
		return 0;
	}
	return -ENOENT;
}

int nfm_collector_settle(const struct nfm_collector *c)
{
	double cpu_s = -1;
	int quiet_ms = 0;

	for (int ms = 0; ms < SETTLE_MS; ms += STEP_MS) {
		double now_s = nfm_collector_cpu_s(c);
		uint64_t bytes, drops;
		int r = nfm_collector_queue(c, &bytes, &drops);

		if (r < 0)
			return r;
		quiet_ms = bytes || now_s > cpu_s ? 0 : quiet_ms + STEP_MS;
		cpu_s = now_s;
		if (quiet_ms >= SETTLED_MS)
			return 0;
		sleep_ms(STEP_MS);
	}
	return -ETIMEDOUT;
}

int nfm_collector_stop(struct nfm_collector *c)
{
	int status = 0;
	pid_t pid = c->pid;

	if (c->fd > 0)
		close(c->fd);
	*c = (struct nfm_collector){ .fd = -1 };
	if (pid <= 0)
		return 0;
	kill(pid, SIGTERM);
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}
