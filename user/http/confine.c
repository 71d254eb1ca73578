// SPDX-License-Identifier: GPL-2.0-only
#include "http/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/bpf.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Needs CAP_SETPCAP, so before the user changes. EINVAL: the kernel has no more. */
static int drop_bounding_set(void)
{
	for (unsigned long capability = 0; capability < 64; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return errno == EINVAL ? 0 : -errno;
	return 0;
}

/* With the last uid that is 0 the capabilities go, too: capabilities(7). */
static int become(const char *user, struct nfm_error *error)
{
	const struct passwd *entry = getpwnam(user);
	int err;

	if (!entry || !entry->pw_uid)
		return nfm_error_set(error, -EINVAL, "[http] user = %s: there is no such user, or "
				     "it is root: name one without rights, such as nobody", user);
	err = drop_bounding_set();
	if (!err && (setgroups(0, NULL) < 0 ||
		     setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
		     setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0))
		err = -errno;
	if (!err && setresuid(0, 0, 0) == 0)
		err = -EPERM; /* that must not work any more */
	return err ? nfm_error_set(error, err, "cannot become %s: %s", user, strerror(-err)) : 0;
}

/* Refused with EPERM, not by a signal: a library that tries one goes on without. */
static const int refused[] = {
	SCMP_SYS(execve),	  SCMP_SYS(execveat),	   SCMP_SYS(fork),
	SCMP_SYS(vfork),	  SCMP_SYS(ptrace),	   SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(socket),	   SCMP_SYS(connect),
	SCMP_SYS(bind),		  SCMP_SYS(listen),	   SCMP_SYS(kill),
	SCMP_SYS(tkill),	  SCMP_SYS(pidfd_open),	   SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(mount),	  SCMP_SYS(umount2),	   SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),	  SCMP_SYS(setns),	   SCMP_SYS(unshare),
	SCMP_SYS(init_module),	  SCMP_SYS(finit_module),  SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),	  SCMP_SYS(kexec_file_load), SCMP_SYS(perf_event_open),
	SCMP_SYS(keyctl),	  SCMP_SYS(add_key),	   SCMP_SYS(request_key),
	SCMP_SYS(userfaultfd),	  SCMP_SYS(io_uring_setup), SCMP_SYS(open_by_handle_at),
	SCMP_SYS(setuid),	  SCMP_SYS(setresuid),	   SCMP_SYS(setgid),
	SCMP_SYS(setresgid),	  SCMP_SYS(setgroups),	   SCMP_SYS(reboot),
	SCMP_SYS(swapon),	  SCMP_SYS(settimeofday),  SCMP_SYS(clock_settime),
	SCMP_SYS(memfd_create),	  SCMP_SYS(symlink),	   SCMP_SYS(symlinkat),
	SCMP_SYS(link),		  SCMP_SYS(linkat),	   SCMP_SYS(rename),
	SCMP_SYS(renameat),	  SCMP_SYS(renameat2),	   SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat),	  SCMP_SYS(chmod),	   SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat),	  SCMP_SYS(chown),	   SCMP_SYS(fchown),
	SCMP_SYS(fchownat),	  SCMP_SYS(truncate),
};

/* Maps are looked up (refused sources stand in a hash map); everything else of bpf(2) is not. */
static int add_bpf(scmp_filter_ctx filter)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(bpf), 1,
				   SCMP_A0(SCMP_CMP_EQ, BPF_MAP_CREATE));

	if (!err)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(bpf), 1,
				       SCMP_A0(SCMP_CMP_EQ, BPF_MAP_UPDATE_ELEM));
	if (!err)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(bpf), 1,
				       SCMP_A0(SCMP_CMP_EQ, BPF_MAP_DELETE_ELEM));
	if (!err) /* and all commands behind BPF_MAP_GET_NEXT_KEY */
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(bpf), 1,
				       SCMP_A0(SCMP_CMP_GT, BPF_MAP_GET_NEXT_KEY));
	return err;
}

/* clone(2) makes threads, and nothing else; of clone3(2) a filter cannot see what it makes. */
static int add_clone(scmp_filter_ctx filter)
{
	int err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
				   SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));

	if (!err) /* glibc then takes clone(2) */
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return err;
}

static void release(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

static int filter_calls(void)
{
	_cleanup_(release) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err = filter ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < NFM_ARRAY_SIZE(refused); i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	if (!err)
		err = add_bpf(filter);
	if (!err)
		err = add_clone(filter);
	return err ?: seccomp_load(filter);
}

int nfm_confine(const char *user, struct nfm_error *error)
{
	const struct rlimit no_core = { 0, 0 };
	int err = geteuid() ? 0 : become(user, error);

	if (err)
		return err;
	setrlimit(RLIMIT_CORE, &no_core); /* it would hold tokens; a failure changes nothing */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return nfm_error_set(error, -errno, "prctl: %m");
	err = filter_calls();
	return err ? nfm_error_set(error, err, "seccomp: %s", strerror(-err)) : 0;
}
