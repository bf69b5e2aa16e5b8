/* A disk that loses what it is told to keep: loaded into a server, it fails to have files or folders reach the disk for as
   long as $PHR_TEST_DISK/files or $PHR_TEST_DISK/folders is there. While $PHR_TEST_DISK/full is there, no file takes a
   byte. */
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

static int is_full(int fd) {
    struct stat status;
    char path[4096];
    const char *folder = getenv("PHR_TEST_DISK");
    if (folder == NULL || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
    snprintf(path, sizeof path, "%s/full", folder);
    if (access(path, F_OK) != 0) return 0;
    errno = ENOSPC;
    return 1;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    ssize_t (*real)(int, const void *, size_t) = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    return is_full(fd) ? -1 : real(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    ssize_t (*real)(int, const void *, size_t, off_t) =
        (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    return is_full(fd) ? -1 : real(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    ssize_t (*real)(int, const void *, size_t, off64_t) =
        (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    return is_full(fd) ? -1 : real(fd, bytes, count, at);
}

int fsync(int fd) { return carry_out("fsync", fd); }

int fdatasync(int fd) { return carry_out("fdatasync", fd); }
