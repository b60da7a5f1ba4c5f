// Starting programs: what Swift cannot do between fork and exec.

#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "include/apus_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif
#if defined(__APPLE__)
#include <crt_externs.h>
#define environ (*_NSGetEnviron())
#else
extern char **environ;
#endif

// In the child: only calls that are safe after fork.
static int become(
    const char *program, char *const *arguments, char *const *variables, pid_t parent, int output,
    int errors) {
  if (setpgid(0, 0) != 0) return errno;
#if defined(__linux__)
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
  // The parent may have ended before it was asked for.
  if (getppid() != parent) _exit(127);
#endif
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  int input = open("/dev/null", O_RDONLY);
  if (input < 0) return errno;
  if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0) return errno;
  if (input > 2) close(input);
  environ = (char **)variables;
  execvp(program, arguments);
  return errno;
}

int32_t apus_spawn(
    const char *program, char *const *arguments, char *const *variables, int32_t output,
    int32_t errors) {
  // Closed by a successful exec; otherwise it tells why there was none.
  int report[2];
  if (pipe(report) != 0) return -errno;
  fcntl(report[0], F_SETFD, FD_CLOEXEC);
  fcntl(report[1], F_SETFD, FD_CLOEXEC);
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) {
    int code = become(program, arguments, variables, parent, output, errors);
    ssize_t written = write(report[1], &code, sizeof code);
    _exit(written == sizeof code ? 127 : 126);
  }
  int failure = child < 0 ? errno : 0;
  close(report[1]);
  if (child > 0) {
    int code = 0;
    ssize_t count;
    do count = read(report[0], &code, sizeof code);
    while (count < 0 && errno == EINTR);
    if (count == sizeof code) {
      failure = code;
      apus_reap(child);
    }
  }
  close(report[0]);
  return failure ? -failure : child;
}

int32_t apus_has_ended(int32_t process, int32_t *status) {
  siginfo_t info = {0};
  if (waitid(P_PID, (id_t)process, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return 0;
  if (info.si_pid != process) return 0;
  *status = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
  return 1;
}

void apus_reap(int32_t process) {
  while (waitpid(process, NULL, 0) < 0 && errno == EINTR) continue;
}
