/* A disk that loses what it is told to keep: loaded into a server, it fails to have files or folders reach the disk for as
   long as $PHR_TEST_DISK/files or $PHR_TEST_DISK/folders is there. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int loses(int fd) {
    struct stat status;
    char path[4096];
    const char *folder = getenv("PHR_TEST_DISK");
    if (folder == NULL || fstat(fd, &status) != 0) return 0;
    snprintf(path, sizeof path, "%s/%s", folder, S_ISDIR(status.st_mode) ? "folders" : "files");
    return access(path, F_OK) == 0;
}

static int carry_out(const char *name, int fd) {
    if (loses(fd)) {
        errno = EIO;
        return -1;
    }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(fd);
}

int fsync(int fd) { return carry_out("fsync", fd); }

int fdatasync(int fd) { return carry_out("fdatasync", fd); }
