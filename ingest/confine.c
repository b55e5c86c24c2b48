#include "ingest/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef __SANITIZE_ADDRESS__
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static dk_status bound(int what, uint64_t most, dk_error *err)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)what, &limit) == 0 && limit.rlim_max != RLIM_INFINITY && limit.rlim_max < most)
        most = limit.rlim_max;
    limit.rlim_cur = limit.rlim_max = most;
    return setrlimit((__rlimit_resource_t)what, &limit) == 0
               ? DK_OK
               : dk_fail(err, DK_INTERNAL, "the process cannot be confined: %s", strerror(errno));
}

#ifdef OWN_ARCH
#define DENY(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((error)&SECCOMP_RET_DATA))
#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, member))
#define REFUSE(number, error) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), DENY(error)

/* No sockets, no programs, no processes but threads of this one. clone3 has its flags where a filter cannot see them:
 * the C library takes clone where it is not there. */
static dk_status filter_calls(dk_error *err)
{
    struct sock_filter filter[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
#ifdef __x86_64__
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1), /* x32 */
        DENY(ENOSYS),
        REFUSE(__NR_fork, SANITIZED ? 0 : EACCES),
        REFUSE(__NR_vfork, EACCES),
#endif
        REFUSE(__NR_socket, EACCES),
        REFUSE(__NR_socketpair, EACCES),
        REFUSE(__NR_execve, EACCES),
        REFUSE(__NR_execveat, EACCES),
#ifndef __SANITIZE_ADDRESS__
        REFUSE(__NR_ptrace, EACCES),
        REFUSE(__NR_clone3, ENOSYS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 3),
        LOAD(args[0]),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0),
        DENY(EACCES),
#endif
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return dk_fail(err, DK_INTERNAL, "the process cannot be confined: %s", strerror(errno));
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0 && errno != EINVAL && errno != ENOSYS)
        return dk_fail(err, DK_INTERNAL, "the system calls of the process cannot be bounded: %s", strerror(errno));
    return DK_OK; /* a kernel without filters has the limits alone */
}
#else
static dk_status filter_calls(dk_error *err)
{
    (void)err;
    return DK_OK;
}
#endif

dk_status dk_confine(uint64_t most_bytes, uint64_t most_seconds, dk_error *err)
{
    dk_status status = bound(RLIMIT_CORE, 0, err);
    if (status == DK_OK && !SANITIZED)
        status = bound(RLIMIT_AS, DK_CONFINED_MEMORY, err);
    if (status == DK_OK)
        status = bound(RLIMIT_CPU, most_seconds, err);
    if (status == DK_OK)
        status = bound(RLIMIT_FSIZE, most_bytes, err);
    if (status == DK_OK)
        status = bound(RLIMIT_NOFILE, DK_CONFINED_FILES, err);
    return status == DK_OK ? filter_calls(err) : status;
}
